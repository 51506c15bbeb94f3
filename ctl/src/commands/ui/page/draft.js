// What was typed and is not stored yet: it is lost only after a question, and its names are still there at the end.

/** Tells whether a field says something else than it said at first; the words of a search are nothing to lose. */
function differs(field) {
  if (field.getAttribute('role') === 'combobox') return false;
  if (field.type === 'checkbox') return field.checked !== field.defaultChecked;
  if (field.tagName !== 'SELECT') return field.value !== field.defaultValue;
  const usual = [...field.options].findIndex((one) => one.defaultSelected);
  return field.selectedIndex !== Math.max(0, usual);
}

const changed = (part) => [...part.querySelectorAll('input, textarea, select')].filter(differs);

/** Returns whether something in a part of the page would be lost with it. */
export const holds = (part) => part.querySelector('[data-changed]') !== null || changed(part).length > 0;

/** Notes that a part was changed otherwise than by a field: a row was taken away. */
export const touch = (part) => part?.setAttribute('data-changed', '');

/** Returns `[label, text]` of what was typed into a part, without values and keys. */
export function readable(part) {
  const plain = changed(part).filter((one) => one.matches('select, input:not([type="checkbox"]), textarea'));
  return plain
    .filter((one) => !one.matches('.value-input, [type="password"]') && one.value)
    .map((one) => [label(one), one.tagName === 'SELECT' ? one.selectedOptions[0].textContent : one.value]);
}

const label = (field) =>
  field.getAttribute('aria-label') ?? field.labels[0]?.firstChild.textContent ?? field.name;
