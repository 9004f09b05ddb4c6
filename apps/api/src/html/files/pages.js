/* Copy buttons, relative times, and "select all". Pages work without it. */
const SECONDS = { d: 86_400, h: 3_600, min: 60 };

/** The same as apps/api/src/dashboard/shown/time.ts. */
function age(seconds) {
  for (const [unit, length] of Object.entries(SECONDS))
    if (seconds >= length) return `${Math.floor(seconds / length)} ${unit}`;
  return `${Math.max(0, Math.floor(seconds))} s`;
}

function refreshTimes() {
  for (const time of document.querySelectorAll('time[data-relative]')) {
    const seconds = (Date.now() - Date.parse(time.dateTime)) / 1000;
    const text = seconds < 0 ? `in ${age(-seconds)}` : `${age(seconds)} ago`;
    if (time.textContent !== text) time.textContent = text;
  }
}
setInterval(refreshTimes, 10_000);

async function copy(button) {
  const source = document.querySelector(`#${CSS.escape(button.dataset.copy)}`);
  if (!source) return;
  const done = button.dataset.label ?? button.textContent;
  button.dataset.label = done;
  try {
    await navigator.clipboard.writeText(source.textContent);
    button.textContent = 'Copied';
  } catch {
    // Without HTTPS there is no clipboard: the text is selected for the reader to copy.
    getSelection().selectAllChildren(source);
    button.textContent = 'Selected';
  }
  setTimeout(() => {
    button.textContent = done;
  }, 2_000);
}

/* Live parts: many events within a moment are one update, and the last one is never missed. */
const UPDATE_MS = 500;
let update;

function changed() {
  update ??= setTimeout(() => {
    update = undefined;
    document.body.dispatchEvent(new CustomEvent('changed'));
  }, UPDATE_MS);
}

const stream = document.querySelector('#stream');
const state = document.querySelector('#stream-state');
for (const kind of ['problem', 'incident', 'cluster', 'reset']) stream?.addEventListener(kind, changed);
// What happened since the page was rendered, or while there was no connection, is not in the stream.
stream?.addEventListener('htmx:sse:after:connection', () => {
  state.hidden = true;
  changed();
});
stream?.addEventListener('htmx:sse:error', () => {
  state.hidden = false;
});

document.addEventListener('click', (event) => {
  const button = event.target.closest?.('button[data-copy]');
  if (button) void copy(button);
});

document.addEventListener('change', (event) => {
  const all = event.target.closest?.('input[data-select-all]');
  if (all) for (const box of all.form.querySelectorAll('input[name=problem]')) box.checked = all.checked;
});
