// What Swagger UI leaves out for people who do not see the page, or do not use a mouse.

/** What the elements of a selector lack: attributes and their values, or a function that gives a value. `null` takes one away. */
const LACKING = [
  ['#servers', { 'aria-label': 'Server' }],
  ['.examples-select-element', { 'aria-label': 'Example' }],
  ['.body-param__text', { 'aria-label': 'Request body' }],
  ['tr[data-param-name] :is(input, select, textarea)', { 'aria-label': (control) => control.closest('tr').dataset.paramName }],
  ['.copy-to-clipboard button', { 'aria-label': 'Copy' }],
  ['.modal-ux', { role: 'dialog', 'aria-modal': 'true', 'aria-label': 'Authorize' }],
  ['.modal-ux .close-modal', { 'aria-label': 'Close' }],
  ['.modal-ux h3', { 'aria-level': '2' }],
  ['.modal-ux h4', { 'aria-level': '3' }],
  ['.modal-ux h6', { 'aria-level': '4' }],
  // These have other names than what one reads on them.
  ['.auth-btn-wrapper button[aria-label]', { 'aria-label': null }],
  // What scrolls has to scroll by the keyboard, too.
  ['pre.microlight', { tabindex: '0' }],
  // A table is a table.
  ['table[role=region]', { role: null }],
  // The schemas stand beside the operations, not below one of their groups.
  ['.models > h4', { 'aria-level': '2' }],
];

/** Gives the elements below `page` what they lack. */
function complete(page) {
  for (const [selector, attributes] of LACKING) {
    for (const element of page.querySelectorAll(selector)) {
      for (const [name, given] of Object.entries(attributes)) {
        if (given === null) element.removeAttribute(name);
        else if (!element.hasAttribute(name)) element.setAttribute(name, typeof given === 'function' ? given(element) : given);
      }
    }
  }
}

/** The plugin. */
export const accessible = ({ React }) => {
  const { createElement: element } = React;
  const Plain = ({ text }) => element('span', null, text);
  return {
    wrapComponents: {
      // The summary of an operation is a button, which opens it, and opening changes the address. A link must not be in a button.
      OperationSummaryPath: (Original) => (props) =>
        element(Original, {
          ...props,
          getComponent: (name, ...rest) => (name === 'DeepLink' ? Plain : props.getComponent(name, ...rest)),
        }),
    },
    afterLoad() {
      const page = document.getElementById('document');
      new MutationObserver(() => complete(page)).observe(page, { childList: true, subtree: true });
    },
  };
};
