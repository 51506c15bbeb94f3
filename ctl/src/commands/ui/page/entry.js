// One entry of the log, with the process that asked, and the ways to its secret and its actor.

import * as api from './api.js';
import { fill, h } from './dom.js';
import { openDrawer } from './dialog.js';
import { facts } from './facts.js';
import { moments } from './format.js';
import { named } from './named.js';
import { actionChip, outcomeChip } from './pills.js';
import * as route from './route.js';
import { trouble } from './say.js';

/** Opens the entry at a place: one of the rows that are shown, or else it is read. */
export function openEntry(seq, rows) {
  const place = h('div', { class: 'stack' }, h('span', { class: 'skeleton' }));
  const dialog = openDrawer({ title: `Entry ${Number(seq) || '?'}` }, () => ({ body: place }));
  dialog.leave.push(() => route.close(seq));
  const row = rows.find((one) => String(one.seq) === seq);
  if (row) fill(place, shown(row));
  else read(seq, place);
}

async function read(seq, place) {
  try {
    const query = { after: Number(seq) - 1, limit: 1 };
    const { entries } = /^[1-9]\d{0,14}$/.test(seq) ? await api.get('/vault/audit-log', { query }) : { entries: [] };
    if (String(entries[0]?.seq) !== seq)
      throw Object.assign(new Error('The log has no such entry.'), { hint: 'Old entries may have been removed.' });
    fill(place, shown(entries[0]));
  } catch (error) {
    fill(place, trouble(error, () => read(seq, place)));
  }
}

function shown(row) {
  return [
    h('div', { class: 'buttons' }, actionChip(row.action), outcomeChip(row.outcome)),
    facts([
      ['Secret', row.entryName && secret(row)],
      ['Organisation', row.orgId && named(row.orgId)],
      ['Actor', h('a', { href: route.link('audit', { actor: row.actor }) }, named(row.actor))],
      ['Time', moments(row.createdAt)],
      ['Secret’s ID', mono(row.vaultEntryId)],
      ['Entry’s ID', mono(row.id)],
    ]),
    section('Process', peer(row.peer)),
    section(
      'Details',
      h(
        'pre',
        { class: 'json', tabindex: '0', role: 'group', 'aria-label': 'Details' },
        JSON.stringify(row.metadata, null, 2),
      ),
      claims(row.metadata),
    ),
    section('Link of the chain', h('p', { class: 'mono small' }, row.mac)),
  ];
}

const secret = (row) =>
  row.vaultEntryId && row.action !== 'delete'
    ? h('a', { href: route.link('secrets', {}, row.vaultEntryId) }, named(row.entryName, 'mono'))
    : named(row.entryName, 'mono');

const mono = (text) => text && h('span', { class: 'mono' }, text);
const section = (title, what) => h('section', { class: 'section' }, h('h3', null, title), what);

/** Says of what a caller sent about itself that it is no more than that. */
function claims(metadata) {
  const names = Object.keys(metadata ?? {}).filter((name) => name.startsWith('claimed') || name === 'ip');
  if (!names.length) return null;
  return h('p', { class: 'help' }, `${names.join(', ')}: what the caller claimed. No one has checked it.`);
}

function peer(peer) {
  if (!peer) return h('p', { class: 'muted' }, 'The daemon itself.');
  return [
    facts([
      ['User', `uid ${peer.uid}`],
      ['Group', `gid ${peer.gid}`],
      ['Process', peer.pid && `pid ${peer.pid}`],
      ['Program', mono(peer.exe)],
    ]),
    h('p', { class: 'help' }, 'User and group are the kernel’s word. The program is evidence, not proof.'),
  ];
}
