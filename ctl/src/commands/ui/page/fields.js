// Fields of forms: a label, an input, what helps beside it.

import { fill, h, icon, iconButton, uid } from './dom.js';
import { generate } from './generate.js';

const STILL = {
  autocomplete: 'off',
  spellcheck: 'false',
  autocapitalize: 'off',
  'data-1p-ignore': '',
  'data-lpignore': 'true',
};

/** Makes a field around an input: `{node, input, help(words, tone)}`. */
export function field(label, input, { required = false, optional = false, help = '', around } = {}) {
  const helpId = uid('help');
  input.id ||= uid('field');
  input.setAttribute('aria-describedby', helpId);
  if (required) input.setAttribute('aria-required', 'true');
  const said = h('span', { class: 'help', id: helpId, 'aria-live': 'polite' }, help);
  const mark = required
    ? h('span', { class: 'required', 'aria-hidden': 'true' }, ' *')
    : optional && h('span', { class: 'optional' }, ' optional');
  const node = h('div', { class: 'field' }, h('label', { for: input.id }, label, mark), around ?? input, said);
  const tell = (words, tone = '') => {
    said.className = `help ${tone}`.trim();
    if (said.textContent !== words) fill(said, words);
    if (tone === 'bad') input.setAttribute('aria-invalid', 'true');
    else input.removeAttribute('aria-invalid');
  };
  return { node, input, help: tell, usual: help };
}

/** Makes a field of plain text. */
export function textField(label, options = {}) {
  const { value = '', placeholder, type = 'text', name, ...rest } = options;
  return field(label, h('input', { type, value, placeholder, name, ...STILL }), rest);
}

/** Makes a field of fixed choices: `[[value, words], …]`. */
export function selectField(label, choices, { value = '', name, ...rest } = {}) {
  const options = choices.map(([one, words]) => h('option', { value: one, selected: one === value }, words));
  return field(label, h('select', { name }, options), rest);
}

/** Makes a field that is searched while it is typed into. */
export function searchBox(label, props) {
  const input = h('input', { type: 'search', ...STILL, ...props });
  const made = field(label, input, { around: h('div', { class: 'search' }, icon('search'), input) });
  return made;
}

/** Makes a field for a value: hidden until it is asked for, of many lines where many are pasted. */
export function valueField(label, options = {}) {
  const { placeholder, name, hidden = true, lines = false, ...rest } = options;
  const box = h('div', { class: 'with-buttons' });
  const state = { shown: !hidden, many: lines };
  const made = field(label, valueInput(state, { placeholder, name }), { ...rest, around: box });
  const swap = (fresh) => replace(made, fresh);
  const eye = iconButton('eye', `Show ${label}`, () => toggle(made, state, eye, label), { 'aria-pressed': 'false' });
  fill(box, made.input, hidden && eye);
  listen(made, state, swap, { placeholder, name });
  made.value = () => made.input.value;
  made.put = (value) => {
    made.input.value = value;
    made.input.dispatchEvent(new Event('input', { bubbles: true }));
  };
  return made;
}

function valueInput({ shown, many }, props) {
  const all = { ...STILL, ...props };
  if (many) return h('textarea', { ...all, class: `value-input ${shown ? '' : 'masked'}`.trim(), rows: '6' });
  return h('input', { ...all, class: 'value-input', type: shown ? 'text' : 'password' });
}

function toggle(made, state, eye, label) {
  state.shown = !state.shown;
  if (state.many) made.input.classList.toggle('masked', !state.shown);
  else made.input.type = state.shown ? 'text' : 'password';
  eye.setAttribute('aria-pressed', String(state.shown));
  const words = `${state.shown ? 'Hide' : 'Show'} ${label}`;
  eye.setAttribute('aria-label', words);
  eye.title = words;
  fill(eye, icon(state.shown ? 'eye-off' : 'eye'));
}

// A line input drops the ends of lines: a key of many lines would be stored broken. So it becomes a text area.
function listen(made, state, swap, props) {
  made.input.addEventListener('paste', (event) => {
    const text = event.clipboardData?.getData('text') ?? '';
    if (state.many || !text.replace(/\r?\n$/, '').includes('\n')) return;
    event.preventDefault();
    state.many = true;
    const area = valueInput(state, props);
    area.value = text;
    swap(area);
    made.help('Several lines: they are kept as they are.');
  });
}

function replace(made, fresh) {
  for (const name of ['id', 'aria-describedby', 'aria-required']) {
    if (made.input.hasAttribute(name)) fresh.setAttribute(name, made.input.getAttribute(name));
  }
  made.input.value = '';
  made.input.replaceWith(fresh);
  made.input = fresh;
  fresh.focus();
  fresh.dispatchEvent(new Event('input', { bubbles: true }));
}

/** Makes the choice of length and alphabet, which puts a generated value into a field. */
export function generatorFields(target) {
  const length = textField('Length', { type: 'number', value: '40' });
  Object.assign(length.input, { min: '8', max: '1024' });
  const alphabet = selectField('Characters', [
    ['letters', 'Letters and digits'],
    ['symbols', 'Letters, digits and symbols'],
    ['hex', 'Hexadecimal'],
    ['digits', 'Digits'],
  ]);
  const make = () => {
    target().put(generate(Number(length.input.value), alphabet.input.value));
    target().help(`A new value of ${target().value().length} characters, from this browser's random source.`);
  };
  const go = h('button', { type: 'button', class: 'button', on: { click: make } }, icon('dice'), 'Generate');
  return h(
    'details',
    null,
    h('summary', null, 'Generate a value'),
    h(
      'div',
      { class: 'stack' },
      h('div', { class: 'grid-2' }, length.node, alphabet.node),
      h('div', { class: 'buttons' }, go),
    ),
  );
}
