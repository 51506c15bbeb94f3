// Whether the log is as it was written: every entry is linked to the one before it.

import * as api from './api.js';
import { button, fill, h } from './dom.js';
import { number } from './format.js';
import { chip } from './pills.js';
import { LONG } from './waiting.js';

const REASONS = { edited: 'it was changed', missing: 'an entry is missing', cut: 'its end was cut off' };

/** Makes the badge; `check()` has the whole chain verified. */
export function chainBadge() {
  const node = h('div', { class: 'chain', role: 'status' });
  const check = async () => {
    if (!node.childNodes.length) fill(node, chip('Verifying the chain…'));
    try {
      show(node, await api.get('/vault/audit-log/verify', LONG), check);
    } catch {
      fill(node, chip('The chain was not verified', 'warn', 'alert'));
    }
  };
  return { node, check };
}

function show(node, { intact, entries, head, firstBroken, reason }, check) {
  const again = button('Verify again', check, { kind: 'small quiet', 'data-focus': 'verify' });
  if (!intact) {
    return void fill(
      node,
      chip(`The chain breaks at entry ${firstBroken}: ${REASONS[reason] ?? 'it does not fit'}`, 'bad', 'alert'),
      again,
    );
  }
  fill(
    node,
    chip(`Chain verified, ${number(entries)} entries`, 'good', 'check'),
    head &&
      h('span', { class: 'muted' }, 'head ', h('span', { class: 'head-hash', title: head }, `${head.slice(0, 16)}…`)),
    again,
  );
}
