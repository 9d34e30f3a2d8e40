// No validator: it would be asked over the network.
const ui = SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#document',
  deepLinking: true,
  docExpansion: 'list',
  filter: true,
  validatorUrl: null,
  // The native API is open. The dialects of other products are folded, unless the address leads into one.
  onComplete: () => {
    if (location.hash) return;
    const groups = ui.specSelectors.specJson().toJS()['x-tagGroups'];
    const { tags } = groups.find(({ name }) => name === 'Compatibility');
    for (const tag of tags) ui.layoutActions.show(['operations-tag', tag], false);
  },
});
