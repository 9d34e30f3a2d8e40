import { accessible } from './accessible.js';
import { examples } from './examples.js';
import { search } from './search.js';

// No validator: it would be asked over the network.
const ui = SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#document',
  deepLinking: true,
  docExpansion: 'list',
  filter: true,
  validatorUrl: null,
  syntaxHighlight: { theme: 'obsidian' },
  plugins: [accessible, examples, search],
  // The native API is open. The dialects of other products are folded, unless the address leads into one.
  onComplete: () => {
    if (location.hash) return;
    const groups = ui.specSelectors.specJson().toJS()['x-tagGroups'];
    const { tags } = groups.find(({ name }) => name === 'Compatibility');
    for (const tag of tags) ui.layoutActions.show(['operations-tag', tag], false);
  },
});

// As on Swagger UI's own page, a script of whoever serves this page finds it here.
globalThis.ui = ui;
