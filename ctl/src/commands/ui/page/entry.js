// One entry of the log, with the process that asked.

import { h } from './dom.js';
import { openDrawer } from './dialog.js';
import { facts } from './facts.js';
import { moments } from './format.js';
import { actionChip, outcomeChip } from './pills.js';

/** Opens an entry. */
export function openEntry(row) {
  openDrawer({ title: `Entry ${row.seq}` }, () => ({
    body: [
      h('div', { class: 'buttons' }, actionChip(row.action), outcomeChip(row.outcome)),
      facts([
        ['Secret', row.entryName && h('span', { class: 'mono' }, row.entryName)],
        ['Organisation', row.orgId],
        ['Actor', row.actor],
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
    ],
  }));
}

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
