// A request that is tried has in its optional parameters what a person wrote there. Swagger UI fills in their examples, and with
// that of `If-Match` the answer is always that the version is another one.

/** The document without the examples of optional parameters. All of those are shared. */
function withoutExamples(document) {
  const parameters = Object.entries(document.components.parameters).map(([name, parameter]) => {
    const { example, ...left } = parameter;
    return [name, parameter.required ? parameter : left];
  });
  return { ...document, components: { ...document.components, parameters: Object.fromEntries(parameters) } };
}

/** The plugin. */
export const examples = () => ({
  statePlugins: {
    spec: { wrapActions: { updateJsonSpec: (update) => (document) => update(withoutExamples(document)) } },
  },
});
