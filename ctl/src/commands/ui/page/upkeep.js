// Secrets that want attention: those that have expired, those that expire soon, and the oldest values.

import * as api from './api.js';
import { fill, h } from './dom.js';
import { counted, expiry, moment } from './format.js';
import { named } from './named.js';
import { link } from './route.js';
import { trouble } from './say.js';

const SHOWN = 6;

/** Counts what has expired. */
export const expired = () => list({ expiry: 'expired', sort: 'expiresAt' });

/** Makes the cards; they fill themselves, but the first, which shows what `expired()` gave. */
export function upkeep(gone) {
  const expires = (row) => expiry(row.expiresAt);
  return [
    gone.total > 0 && part(`Expired (${gone.total})`, '', () => gone, expires, { expiry: 'expired', sort: 'expiresAt' }),
    part('Expiring within 30 days', 'Nothing expires within 30 days.', () => list(SOON), expires, SOON),
    part('Oldest values', 'No secret is stored.', () => list(OLDEST), (row) => age(row), OLDEST),
  ];
}

const SOON = { expiry: 'soon', sort: 'expiresAt' };
const OLDEST = { sort: 'versionCreatedAt' };

const age = (row) => h('span', { class: 'muted' }, 'value from ', moment(row.versionCreatedAt));

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

function lines({ secrets, total }, none, tell, more) {
  if (!total) return h('p', { class: 'muted' }, none);
  const line = (row) => h('li', null, h('a', { href: link('secrets', {}, row.id) }, named(row.name, 'mono')), tell(row));
  return [
    h('ul', { class: 'lines' }, secrets.slice(0, SHOWN).map(line)),
    total > SHOWN && h('p', null, h('a', { href: link('secrets', more) }, `See all ${counted(total, 'secret')}`)),
  ];
}

const list = (query) => api.get('/vault/secrets', { query: { orgId: '*', limit: SHOWN, ...query } });
