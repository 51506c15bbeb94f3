// Secrets that want attention: those that expire soon, and those that were never rotated.

import * as api from './api.js';
import { fill, h } from './dom.js';
import { expiry, moment } from './format.js';
import { link } from './route.js';
import { trouble } from './say.js';

const SHOWN = 6;
const SOON = 30 * 86400e3;

/** Makes both cards; they fill themselves. Of a locked vault nothing can be said. */
export function upkeep(locked) {
  if (locked) return null;
  return [
    part('Expiring soon', 'Nothing expires within 30 days.', expiring, (row) => expiry(row.expiresAt), {
      sort: '-expiresAt',
    }),
    part(
      'Never rotated',
      'Every secret was rotated at least once.',
      unrotated,
      (row) => h('span', { class: 'muted' }, 'stored ', moment(row.createdAt)),
      { sort: 'rotatedAt' },
    ),
  ];
}

function part(title, none, read, tell, more) {
  const place = h('div', null, h('span', { class: 'skeleton' }));
  const load = async () => {
    try {
      fill(place, lines(await read(), none, tell, more));
    } catch (error) {
      fill(place, trouble(error, load));
    }
  };
  load();
  return h('section', { class: 'card card-third' }, h('h2', null, title), place);
}

function lines(rows, none, tell, more) {
  if (!rows.length) return h('p', { class: 'muted' }, none);
  const line = (row) =>
    h('li', null, h('a', { class: 'mono', href: link('secrets', { search: row.name }) }, row.name), tell(row));
  return [
    h('ul', { class: 'lines' }, rows.slice(0, SHOWN).map(line)),
    rows.length > SHOWN && h('p', null, h('a', { href: link('secrets', more) }, 'See them all')),
  ];
}

const list = async (query) => (await api.get('/vault/secrets', { query: { orgId: '*', ...query } })).secrets;

async function unrotated() {
  return (await list({ sort: 'rotatedAt', limit: SHOWN + 1 })).filter((row) => !row.rotatedAt);
}

// Sorted downwards, those without an expiry come last: what expires first stands right before them.
async function expiring() {
  const found = [];
  for (let limit = 50; ; limit = 500) {
    const rows = await list({ sort: '-expiresAt', limit, offset: found.length });
    found.push(...rows.filter((row) => row.expiresAt));
    if (rows.length < limit || !rows.at(-1).expiresAt) break;
  }
  return found.filter((row) => new Date(row.expiresAt) - Date.now() < SOON).reverse();
}
