// Waiting has an end: a request that takes long is said to be slow and can be cancelled, and is given up in the end.

import * as bars from './bars.js';
import { button, h } from './dom.js';

const SLOW = 5_000;
/** How long an answer may take, in milliseconds. */
const PATIENCE = 30_000;
/** How long it may take where the whole vault is gone through. */
export const LONG = { patience: 600_000 };

const late = new Set();
let gone = null;

const AGAIN = 'If something was to be changed, that may still happen: look before you try again.';
const CANCELLED = { message: 'Cancelled: the vault had not answered.', hint: AGAIN };
const OVERDUE = { message: 'The vault did not answer.', hint: AGAIN };

/** Runs a request with a signal, which ends it too when it is cancelled or takes too long. */
export async function within(run, { signal, patience = PATIENCE } = {}) {
  const ending = new AbortController();
  const give = (why) => ending.abort(Object.assign(new Error(why.message), why));
  const cancel = () => give(CANCELLED);
  const timers = [setTimeout(lag, SLOW, cancel), setTimeout(give, patience, OVERDUE)];
  try {
    return await run(signal ? AbortSignal.any([signal, ending.signal]) : ending.signal);
  } catch (error) {
    throw ending.signal.aborted && !signal?.aborted ? ending.signal.reason : error;
  } finally {
    timers.forEach(clearTimeout);
    late.delete(cancel);
    if (!late.size) gone = gone?.();
  }
}

function lag(cancel) {
  late.add(cancel);
  gone ??= bars.show(
    h('span', { class: 'grow', role: 'status' }, 'The vault is slow to answer.'),
    button('Cancel', () => [...late].forEach((one) => one()), { kind: 'small' }),
  );
}
