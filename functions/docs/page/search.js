// A search over operations: every word has to be in the method, the path, the name, the summary, the description or the tag.

/** The text of an operation in which words are looked up. */
function textOf(tag, operation) {
  const own = ['summary', 'description', 'operationId'].map((name) => operation.getIn(['operation', name], ''));
  return [tag, operation.get('method'), operation.get('path'), ...own].join(' ').toLowerCase();
}

/** The tags with the operations in which every word of the phrase is. */
function matching(tagged, phrase) {
  const words = phrase.toLowerCase().split(/\s+/).filter(Boolean);
  const found = tagged.map((group, tag) =>
    group.update('operations', (all) =>
      all.filter((operation) => {
        const text = textOf(tag, operation);
        return words.every((word) => text.includes(word));
      })));
  return found.filter((group) => group.get('operations').size > 0);
}

const isSearched = (filter) => typeof filter === 'string' && filter.trim() !== '';

/** The field, and how many operations it finds. */
function field({ React, layoutActions, layoutSelectors, specSelectors }) {
  const { createElement: element } = React;
  return function SearchOperations() {
    const filter = layoutSelectors.currentFilter();
    const count = specSelectors.taggedOperations().reduce((sum, group) => sum + group.get('operations').size, 0);
    const said = count === 1 ? '1 operation' : `${count} operations`;
    return element('div', { className: 'search wrapper', role: 'search' },
      element('h2', { className: 'search-heading' }, 'Operations'),
      element('label', { htmlFor: 'search-operations' }, 'Search operations'),
      element('input', {
        id: 'search-operations',
        type: 'search',
        autoComplete: 'off',
        spellCheck: false,
        placeholder: 'A method, a path, a word',
        value: typeof filter === 'string' ? filter : '',
        onChange: ({ target }) => layoutActions.updateFilter(target.value),
      }),
      element('p', { role: 'status' }, isSearched(filter) ? said : ''));
  };
}

/** The plugin. */
export const search = (system) => ({
  fn: { opsFilter: matching },
  components: { FilterContainer: field(system) },
  wrapComponents: {
    // Without operations Swagger UI says that the document has none. The field says what there is.
    operations: (Original) => (props) =>
      isSearched(system.layoutSelectors.currentFilter()) && system.specSelectors.taggedOperations().size === 0
        ? null
        : system.React.createElement(Original, props),
  },
  statePlugins: {
    layout: {
      wrapSelectors: {
        // What is found is seen, also in a group that is folded.
        isShown: (isShown) => (state, thing, ...rest) =>
          (thing?.[0] === 'operations-tag' && isSearched(state.get('filter'))) || isShown(thing, ...rest),
      },
    },
  },
});
