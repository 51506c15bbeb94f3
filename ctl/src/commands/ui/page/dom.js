// Elements are made here and nowhere else. Text becomes text nodes; there is no way from text to markup.

import * as focus from './focus.js';

const PROPERTIES = new Set(['disabled', 'indeterminate', 'hidden', 'open']);
// What a field says at first: what was typed differs from it.
const FIRST = { value: 'defaultValue', checked: 'defaultChecked', selected: 'defaultSelected' };
const REFUSED = /^(on.+|style|srcdoc|innerhtml|outerhtml|src|action|formaction)$/i;
const SVG = 'http://www.w3.org/2000/svg';

/** Makes an element with its attributes, listeners (`on: {click}`) and children. */
export function h(tag, props, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) set(node, name, value);
  node.append(...flat(children));
  return node;
}

function set(node, name, value) {
  if (value === undefined || value === null || value === false) return;
  if (name === 'on') {
    for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
  } else if (name === 'class') {
    node.className = value;
  } else if (FIRST[name] in node) {
    node[FIRST[name]] = value;
  } else if (PROPERTIES.has(name)) {
    node[name] = value;
  } else if (REFUSED.test(name) || (name === 'href' && !value.startsWith('#'))) {
    throw new Error(`no element is made with ${name}`);
  } else {
    node.setAttribute(name, value === true ? '' : String(value));
  }
}

function flat(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

/** Puts other children in the place of an element's present ones; the focus does not get lost with them. */
export function fill(node, ...children) {
  const give = focus.kept(node);
  node.replaceChildren(...flat(children));
  give?.();
  return node;
}

/** Shows an icon of the page's sprite; it says nothing to a screen reader. */
export function icon(name, extra = '') {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', `icon ${extra}`.trim());
  svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS(SVG, 'use');
  use.setAttribute('href', `#i-${name}`);
  svg.append(use);
  return svg;
}

/** Makes a button with words, an icon before them where one is named. */
export function button(words, click, { kind = '', mark, ...props } = {}) {
  const classes = [
    'button',
    ...kind
      .split(' ')
      .filter(Boolean)
      .map((one) => `button-${one}`),
  ].join(' ');
  return h('button', { type: 'button', class: classes, on: { click }, ...props }, mark && icon(mark), words);
}

/** Makes a button that is an icon alone; its words are its name and its tip. */
export function iconButton(mark, words, click, props = {}) {
  const { class: extra = '', ...rest } = props;
  const all = { type: 'button', class: `icon-button ${extra}`.trim(), 'aria-label': words, title: words };
  return h('button', { ...all, on: { click }, ...rest }, icon(mark));
}

let made = 0;

/** Gives an id that no other element has. */
export function uid(word = 'e') {
  made += 1;
  return `${word}-${made}`;
}

/** Calls a function when it was asked for and then not again for a while. */
export function settled(run, milliseconds) {
  let timer;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(run, milliseconds, ...given);
  };
}
