// The address after the `#` says which view is shown and how, and what is open in it: `#/secrets?search=openai&page=2`,
// `#/secrets/ID`, `#/audit/SEQ`. It never holds a value.

export const VIEWS = { secrets: 'Secrets', audit: 'Audit log', status: 'Status', agents: 'Agents' };

const listeners = new Set();
let told = null;

/** Reads the address. */
export function read() {
  const [path, query = ''] = location.hash.replace(/^#\/?/, '').split('?');
  const [name, item = ''] = path.split('/');
  const known = Object.hasOwn(VIEWS, name);
  return { view: known ? name : 'secrets', item: known ? decoded(item) : '', query: new URLSearchParams(query) };
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

/** Writes the address of a view, or of one thing in it. */
export function link(view, params = {}, item = '') {
  const given = Object.entries(params).filter(([, value]) => value !== null && value !== undefined && value !== '');
  const query = new URLSearchParams(given).toString();
  return `#/${view}${item && `/${encodeURIComponent(item)}`}${query && `?${query}`}`;
}

/** Changes some of the present view's parameters, as a new step of the history. */
export function change(params) {
  const next = changed(params);
  if (next !== location.hash) location.hash = next;
}

/** Changes some of them in the present step, for what changes with every key. */
export function adjust(params) {
  const next = changed(params);
  if (next === location.hash) return;
  history.replaceState(history.state, '', next);
  tell();
}

function changed(params) {
  const { view, query } = read();
  return link(view, { ...Object.fromEntries(query), ...params });
}

/** Opens one thing of the present view, as a new step of the history. */
export function open(item) {
  const { view, query } = read();
  history.pushState({ opened: true }, '', link(view, Object.fromEntries(query), item));
  tell();
}

/** Notes that a thing was closed: goes back to where it was opened from, if that was here. */
export function close(item) {
  const now = read();
  if (now.item !== item) return;
  told = link(now.view, Object.fromEntries(now.query));
  if (history.state?.opened) history.back();
  else history.replaceState(null, '', told);
}

/** Calls a function now and whenever the address says something else. */
export function follow(listener) {
  listeners.add(listener);
  told = present();
  listener(read());
}

function present() {
  const { view, item, query } = read();
  return link(view, Object.fromEntries(query), item);
}

function tell() {
  if (present() === told) return;
  told = present();
  for (const listener of listeners) listener(read());
}

window.addEventListener('hashchange', tell);
