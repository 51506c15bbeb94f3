// What every scenario needs: a vault that is filled by `vaultctl`, a link, a browser that forgives nothing.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { PATIENCE, noted, patient, still } from './stillness.mjs';

export { assert };
export { still, told } from './stillness.mjs';

const BROWSER = process.env.PAGE_BROWSER ?? '/usr/bin/chromium';
const { chromium } = await import('playwright-core').catch(() =>
  lacking('playwright-core', 'npm ci --prefix ctl/tests/page'),
);
if (!existsSync(BROWSER)) lacking(BROWSER, 'apt-get install chromium, or name another Chromium in PAGE_BROWSER');
const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

function lacking(what, how) {
  console.error(`${what} is missing; get it with: ${how}`);
  process.exit(1);
}

/** Runs `vaultctl` with something on its stdin, and gives what it printed. */
export function vaultctl(words, input = '') {
  const run = spawnSync(process.env.VAULTCTL, words, { input, encoding: 'utf8' });
  assert.equal(run.status, 0, `vaultctl ${words.join(' ')}: ${run.stderr}`);
  return run.stdout;
}

/** Stores secrets at once: `[{name, value, …}, …]`. */
export function store(entries) {
  const file = join(process.env.HOME, 'entries.json');
  writeFileSync(file, JSON.stringify(entries), { mode: 0o600 });
  vaultctl(['import', 'json', file]);
  rmSync(file);
}

/** Gives the last entries of the audit log. */
export function audited(...words) {
  return JSON.parse(vaultctl(['audit', '--json', ...words])).entries;
}

const dashboards = [];
const daemons = [];

/** Starts `vaultctl ui` and gives its link. */
export async function newLink(words = []) {
  const all = ['ui', '--no-open', '--json', ...words];
  const child = spawn(process.env.VAULTCTL, all, { stdio: ['ignore', 'pipe', 'inherit'] });
  dashboards.push(child);
  for await (const line of createInterface({ input: child.stdout })) return JSON.parse(line).url;
  throw new Error('vaultctl ui printed no link');
}

/** Ends the dashboard that was started last. */
export function stopped(signal) {
  dashboards.at(-1).kill(signal);
}

/** The daemon that serves now, by its process: the test's own, or one that was started here since. */
export const daemon = () => daemons.at(-1)?.pid ?? Number(process.env.PAGE_DAEMON);

/** Starts another daemon in the place of one that has ended. */
export function startDaemon() {
  daemons.push(spawn(process.env.PAGE_VAULTD, [], { stdio: 'ignore' }));
}

/** Starts the browser and hands it to a scenario; ends everything afterwards. */
export async function scenario(run) {
  const browser = await chromium.launch({ executablePath: BROWSER, args: QUIET, timeout: PATIENCE });
  try {
    await run(browser);
  } finally {
    await browser.close();
    for (const child of [...dashboards, ...daemons]) child.kill();
  }
}

/** Opens a browser of its own, in which every complaint counts. */
export async function visitor(browser, { width = 1280, height = 900, theme = 'light', ...more } = {}) {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: theme,
    reducedMotion: 'reduce',
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    ...more,
  });
  context.setDefaultTimeout(PATIENCE);
  await noted(context);
  if (process.env.PAGE_FROM) await context.route(/\/app\//, fromDisk);
  const page = await context.newPage();
  patient(page);
  const complaints = watch(page);
  return { context, page, complaints, expect: (pattern) => complaints.expected.push(pattern) };
}

// For those who write the page: PAGE_FROM names its folder, and a change shows without a build.
async function fromDisk(route) {
  const name = new URL(route.request().url()).pathname.replace('/app/', '');
  const kind = { js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml' }[name.split('.').pop()];
  const response = await route.fetch();
  const headers = { ...response.headers(), 'content-type': kind };
  delete headers['content-length'];
  await route.fulfill({ response, status: 200, headers, body: readFileSync(join(process.env.PAGE_FROM, name)) });
}

/** Notes what a page complains about; advice on sign-in forms, given when there is time, is none unless a form looks like several. */
export function watch(page) {
  const complaints = { all: [], expected: [] };
  page.on('console', (message) => {
    const isAdvice = message.type() === 'verbose' && message.text().startsWith('[DOM]');
    if (isAdvice && !message.text().includes('Multiple forms')) return;
    complaints.all.push(`${message.type()}: ${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => complaints.all.push(`error: ${error.stack}`));
  return complaints;
}

/** Fails where a page complained about anything that was not announced. */
export function calm({ complaints }) {
  const left = complaints.all.filter((line) => !complaints.expected.some((pattern) => pattern.test(line)));
  assert.deepEqual(left, [], 'the page complained');
}

/** Opens the dashboard with a new link. */
export async function enter(browser, options, words) {
  const one = await visitor(browser, options);
  one.link = await newLink(words);
  await one.page.goto(one.link);
  await one.page.getByRole('heading', { level: 1, name: 'Secrets' }).waitFor();
  await still(one.page);
  return one;
}

/** Goes to a view by its tab. */
export async function go(page, view) {
  await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: view }).click();
  await page.getByRole('heading', { level: 1, name: view }).waitFor();
}

/** Holds a page's requests to an address back: `asked` is when one was made, `release()` has all of them answered. */
export async function held(page, address, { answer = (route) => route.continue(), ...options } = {}) {
  let release;
  const released = new Promise((done) => {
    release = done;
  });
  const asked = page.waitForRequest(address);
  const hold = async (route) => {
    await released;
    await answer(route).catch(() => null);
  };
  await page.route(address, hold, options);
  return { asked, release };
}

/** Finds a field by its label, without what marks it as required. */
export function field(scope, label) {
  const words = label.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return scope
    .locator('input:visible, select:visible, textarea:visible')
    .and(scope.getByLabel(new RegExp(`^${words}( \\*| optional)?$`)));
}

/** Gives everything that a page holds: its markup, its fields, its address, its storage. */
export async function holdings(page) {
  return page.evaluate(() =>
    [
      document.documentElement.outerHTML,
      ...[...document.querySelectorAll('input, textarea')].map((field) => field.value),
      document.title,
      location.href,
      JSON.stringify(sessionStorage),
      JSON.stringify(localStorage),
      JSON.stringify(history.state),
    ].join('\n'),
  );
}

/** Fails where a page holds a text anywhere. */
export async function holdsNot(page, value) {
  await still(page);
  assert.ok(!(await holdings(page)).includes(value), 'the page holds the value');
}
