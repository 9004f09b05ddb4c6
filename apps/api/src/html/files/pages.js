/* Copy buttons, relative times, live parts, and "select all". Pages work without it. age.js stands before it in the same file. */

function refreshTimes() {
  for (const time of document.querySelectorAll('time[data-relative]')) {
    const text = relativeText(Date.parse(time.dateTime), Date.now());
    if (time.textContent !== text) time.textContent = text;
  }
}
setInterval(refreshTimes, 10_000);

/* Copy buttons. An update may replace a button while it says "Copied", so that is kept here. */
const COPIED_MS = 2_000;
const LABEL = 'Copy';
const copied = new Map();

function labelButtons() {
  for (const button of document.querySelectorAll('button[data-copy]')) {
    const label = copied.get(button.dataset.copy) ?? LABEL;
    if (button.textContent !== label) button.textContent = label;
  }
}

async function copy(id) {
  const source = document.querySelector(`#${CSS.escape(id)}`);
  if (!source) return;
  try {
    await navigator.clipboard.writeText(source.textContent);
    copied.set(id, 'Copied');
  } catch {
    // Without HTTPS there is no clipboard: the text is selected for the reader to copy.
    getSelection().selectAllChildren(source);
    copied.set(id, 'Selected');
  }
  labelButtons();
  setTimeout(() => {
    copied.delete(id);
    labelButtons();
  }, COPIED_MS);
}
document.addEventListener('htmx:after:swap', labelButtons);

document.addEventListener('click', (event) => {
  const button = event.target.closest?.('button[data-copy]');
  if (button) void copy(button.dataset.copy);
});

document.addEventListener('change', (event) => {
  const all = event.target.closest?.('input[data-select-all]');
  if (all) for (const box of all.form.querySelectorAll('input[name=problem]')) box.checked = all.checked;
});

/* Live parts are fetched again after an event of the stream: many events within a moment are one update, and the last one is never
   missed. Without the stream they are fetched at an interval. */
const UPDATE_MS = 400;
/** Pages that are open do not all ask at the same moment. */
const SPREAD_MS = 200;
const BETWEEN_UPDATES_MS = 2_000;
const DISCONNECTED_MS = 5_000;
/** Where a proxy holds back the events of a stream, a page is at most this old. */
const CONNECTED_MS = 60_000;

const stream = document.querySelector('#stream');
const notice = document.querySelector('#stream-state');
let isStreaming = false;
/** Whether the last update failed. */
let hasFailed = false;
let due;
let lastUpdate = Date.now();

function changed() {
  const wait = Math.max(UPDATE_MS, lastUpdate + BETWEEN_UPDATES_MS - Date.now()) + Math.random() * SPREAD_MS;
  due ??= setTimeout(update, wait);
}

function update() {
  clearTimeout(due);
  due = undefined;
  lastUpdate = Date.now();
  document.body.dispatchEvent(new CustomEvent('changed'));
}

function poll() {
  const isLive = isStreaming && !hasFailed;
  notice.hidden = isLive;
  if (document.hidden || Date.now() - lastUpdate < (isLive ? CONNECTED_MS : DISCONNECTED_MS)) return;
  update();
  // The extension connects again by itself, but not after a first attempt that failed.
  if (!isStreaming) stream.dispatchEvent(new CustomEvent('reconnect'));
}

function connected() {
  isStreaming = true;
  // What happened since the page was rendered, or while there was no connection, is not in the stream.
  changed();
}

function disconnected() {
  isStreaming = false;
}

function updated({ detail }) {
  const status = detail?.ctx?.response?.status;
  hasFailed = status === undefined || status >= 400;
  if (!hasFailed && isStreaming) notice.hidden = true;
}

if (stream) {
  for (const kind of ['problem', 'incident', 'cluster', 'reset']) stream.addEventListener(kind, changed);
  stream.addEventListener('htmx:sse:after:connection', connected);
  for (const end of ['before:connection', 'error', 'close']) stream.addEventListener(`htmx:sse:${end}`, disconnected);
  for (const part of document.querySelectorAll('.live'))
    for (const end of ['htmx:after:swap', 'htmx:error']) part.addEventListener(end, updated);
  setInterval(poll, DISCONNECTED_MS);
}
