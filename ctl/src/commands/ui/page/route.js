// The address after the `#` says which view is shown and how: `#/secrets?search=openai&page=2`. It never holds a value.

export const VIEWS = { secrets: 'Secrets', audit: 'Audit log', status: 'Status', agents: 'Agents' };

const listeners = new Set();

/** Reads the address. */
export function read() {
  const [path, query = ''] = location.hash.replace(/^#\/?/, '').split('?');
  const view = Object.hasOwn(VIEWS, path) ? path : 'secrets';
  return { view, query: new URLSearchParams(query) };
}

/** Writes the address of a view. */
export function link(view, params = {}) {
  const given = Object.entries(params).filter(([, value]) => value !== null && value !== undefined && value !== '');
  const query = new URLSearchParams(given).toString();
  return `#/${view}${query ? `?${query}` : ''}`;
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
  history.replaceState(null, '', next);
  tell();
}

function changed(params) {
  const { view, query } = read();
  return link(view, { ...Object.fromEntries(query), ...params });
}

/** Calls a function now and whenever the address changes. */
export function follow(listener) {
  listeners.add(listener);
  listener(read());
}

function tell() {
  const now = read();
  for (const listener of listeners) listener(now);
}

window.addEventListener('hashchange', tell);
