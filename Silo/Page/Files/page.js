// Asks the silo each second how one run stands, every other second how the cluster does, and shows it. When the silo is gone, the last picture stays until it is back.
import { Chart, valueAt } from './charts.js';
import { colour, list, make, mark, say, show } from './dom.js';
import { clock, duration, measure, percent, scaled, steps } from './figures.js';

const PAUSE = 1000, HIDDEN_PAUSE = 10000, LIMIT = 5000, LIST_EVERY = 2, CURVES_EVERY = 2, ENDED_EVERY = 5, MOST_EVENTS = 300;

const PHASES = ['seed', 'branch', 'gather', 'mix', 'continue', 'evaluate'];
const TONES = {
  completed: 'good', training: 'busy', evaluating: 'busy', preparing: 'busy', recovering: 'warn', paused: 'warn', cancelled: 'warn', failed: 'bad',
  active: 'good', dead: 'bad', joining: 'busy', seed: 'busy', branch: 'busy', gather: 'busy', mix: 'busy', continue: 'busy', evaluate: 'busy',
};
const EVENT_TONES = {
  resumed: 'warn', lost: 'bad', 'training-failed': 'bad', 'member-failed': 'bad', 'checkpoint-damaged': 'bad', 'batch-skipped': 'warn', 'save-failed': 'warn',
  paused: 'warn', ended: 'good', 'member-completed': 'good', 'phase-began': 'busy', started: 'busy', retried: 'warn', continued: 'busy',
};

const $ = id => document.getElementById(id);
const title = document.title;
const hidden = new Set();           // models whose curves the reader has put away
const charts = new Map();

let training = [];                  // what the legend tells the last values of
let runs = [], silo = 'the silo', ahead = 0, round = 0, wake = () => {};
let run = newRun(null);
let choice = { mixture: null, router: 'ffn' };

function newRun(name) {
  return { name, status: null, events: [], cursor: 0, curves: null, ended: false };
}

class Lost extends Error {}

async function get(path) {
  let answer;
  try {
    answer = await fetch(path, { cache: 'no-store', signal: AbortSignal.timeout(LIMIT) });
  } catch {
    throw new Lost(`${silo} is not reachable, trying again`);
  }
  if (answer.status === 401) location.reload();
  if (answer.status === 404) return null;
  if (!answer.ok) throw new Lost(answer.status === 503 ? 'the cluster does not answer, trying again' : `${silo} answers ${answer.status}, trying again`);
  const date = Date.parse(answer.headers.get('date'));
  if (date) ahead = date - Date.now();
  return answer.json();
}

/** @returns whether the silo was asked for anything. */
async function look() {
  const lists = round % LIST_EVERY === 0 || run.name !== asked(runs);
  if (lists) {
    const [cluster, all] = await Promise.all([get('/api/cluster'), get('/api/runs')]);
    runs = all;
    showCluster(cluster);
    choose();
    showRuns();
  }
  if (run.name === null || (run.ended && round % ENDED_EVERY !== 0)) return lists;
  const now = run, path = `/api/runs/${encodeURIComponent(now.name)}`;
  const curves = now.curves === null || (!now.ended && round % CURVES_EVERY === 0);
  const [status, page, history] = await Promise.all([
    get(path), get(`${path}/events?after=${now.cursor}`), curves ? get(`${path}/history`) : null,
  ]);
  if (now !== run || status === null) return true;
  now.ended = status.ended !== null && (now.status?.ended ?? null) !== null;   // once more after the end, for the last points
  now.status = status;
  if (page?.events.length) {
    now.events = [...page.events.toReversed(), ...now.events].slice(0, MOST_EVENTS);
    now.cursor = page.next;
  }
  if (history) now.curves = history;
  showRun();
  if (page?.events.length) wake();
  return true;
}

async function watch() {
  for (;; round++) {
    try {
      if (await look()) signal('live', '');
    } catch (problem) {
      if (problem instanceof Lost) signal('lost', problem.message);
      else console.error(problem);     // one picture that cannot be drawn must not end the watch
    }
    await new Promise(resolve => {
      const timer = setTimeout(resolve, document.hidden ? HIDDEN_PAUSE : PAUSE);
      wake = () => { clearTimeout(timer); setTimeout(resolve, 50); };
    });
  }
}

function signal(state, text) {
  mark($('signal'), 'data-state', state);
  say($('signal-text'), state === 'live' ? `live from ${silo}` : text);
  $('run').classList.toggle('stale', state !== 'live');
}

/** The run that the address names, else the newest that goes on, else the newest; null when there is none. */
function asked(runs) {
  const named = decodeURIComponent(location.hash.match(/^#\/run\/(.+)$/)?.[1] ?? '');
  return runs.some(known => known.name === named) ? named : (runs.find(known => known.ended === null) ?? runs[0])?.name ?? null;
}

function choose() {
  const name = asked(runs);
  if (name !== run.name) {
    run = newRun(name);
    round = 0;
    for (const chart of charts.values()) chart.figure.remove();
    charts.clear();
    hidden.clear();
    choice = { mixture: null, router: 'ffn' };
    $('events').replaceChildren();
  }
}

function tone(node, word, tones = TONES) {
  say(node, word.replaceAll('-', ' '));
  mark(node, 'data-tone', tones[word]);
}

function bar(node, part, colourOf) {
  node.querySelector('i').style.width = `${Math.min(1, part ?? 0) * 100}%`;
  if (colourOf !== undefined) colour(node, colourOf);
}

function showRuns() {
  show($('no-runs'), runs.length === 0);
  list($('runs'), runs, known => known.name,
    known => make('li', {}, make('a', { href: `#/run/${encodeURIComponent(known.name)}` },
      make('span', { class: 'run-name', title: known.name }, known.name), make('span', { class: 'chip' }), make('span', { class: 'bar' }, make('i')),
      make('span', { class: 'run-eta' }), make('span', { class: 'run-percent' }))),
    (item, known) => {
      mark(item.firstChild, 'aria-current', known.name === run.name ? 'page' : null);
      tone(item.querySelector('.chip'), known.paused ? 'paused' : known.phase);
      bar(item.querySelector('.bar'), known.progress);
      say(item.querySelector('.run-percent'), known.progress === null ? '' : percent(known.progress));
      say(item.querySelector('.run-eta'), known.ended === null ? `ETA ${duration(known.remaining)}` : `took ${duration((Date.parse(known.ended) - Date.parse(known.launched)) / 1000)}`);
    });
}

function showCluster(cluster) {
  silo = cluster.silo;
  show($('cluster'), true);
  if (cluster.dashboard) mark($('dashboard'), 'href', cluster.dashboard);
  show($('dashboard'), cluster.dashboard !== null);
  show($('sign-out'), cluster.signed_in);
  list($('silos'), cluster.silos, known => known.name,
    () => make('tr', { role: 'row' }, make('th', { scope: 'row', role: 'rowheader', class: 'span' }),
      make('td', { role: 'cell', 'data-label': 'State' }, make('span', { class: 'chip' })), make('td', { role: 'cell', 'data-label': 'Address' }),
      make('td', { role: 'cell', 'data-label': 'Device' }), make('td', { role: 'cell', 'data-label': 'Trains' })),
    (row, known) => {
      const [name, state, address, device, holder] = row.children;
      say(name, known.name === cluster.silo ? `${known.name} (this page)` : known.name);
      tone(state.firstChild, known.state);
      say(address, known.address);
      say(device, known.device ?? '–');
      say(holder, known.holder ?? (known.device ? 'free' : '–'));
    });
}

function showRun() {
  const status = run.status, percentage = percent(status.progress);
  document.title = `${percentage} ${run.name} - ${title}`;
  show($('head'), true);
  say($('name'), run.name);
  tone($('phase'), status.paused ? 'paused' : status.phase);
  bar($('bar'), status.progress);
  mark($('bar'), 'aria-valuenow', Math.floor(status.progress * 100));
  say($('percent'), percentage);
  showFacts(status);
  showPhases(status);
  show($('error'), status.error !== null);
  say($('error'), status.error ?? '');
  showModels(status.members);
  showCurves(status.members);
  showPerplexities(status);
  showExperts(status);
  showEvents(status.members);
}

function showFacts(status) {
  const speed = status.members.reduce((sum, member) => sum + member.tokens_per_second, 0);
  const facts = [
    ['Elapsed', duration(((status.ended ? Date.parse(status.ended) : Date.now() + ahead) - Date.parse(status.launched)) / 1000)],
    status.ended === null && ['ETA', duration(status.remaining)],
    speed > 0 && ['Tokens/s', scaled(speed)],
    ['Tokens trained', scaled(status.members.reduce((sum, member) => sum + member.tokens, 0))],
    status.goodput !== null && ['Goodput', percent(status.goodput)],
    ['Restarts', String(status.members.reduce((sum, member) => sum + member.restarts, 0))],
  ].filter(Boolean);
  list($('facts'), facts, fact => fact[0], fact => make('div', {}, make('dt', {}, fact[0]), make('dd')), (node, fact) => say(node.lastChild, fact[1]));
}

function showPhases(status) {
  const over = status.phase === 'completed', stopped = status.phase === 'failed' || status.phase === 'cancelled';
  const open = kind => status.members.some(member => member.kind === kind && member.state !== 'completed');
  const now = over ? PHASES.length : stopped ? (open('seed') ? 0 : open('branch') ? 1 : open('mixture') ? 4 : 5) : PHASES.indexOf(status.phase);
  list($('phases'), PHASES, phase => phase, phase => make('li', {}, phase[0].toUpperCase() + phase.slice(1)), (node, phase) => {
    const place = PHASES.indexOf(phase);
    mark(node, 'data-is', place < now ? 'done' : place > now ? null : stopped ? 'bad' : 'now');
    mark(node, 'aria-current', place === now ? 'step' : null);
  });
}

function showModels(members) {
  show($('models'), true);
  list($('members'), members, member => member.name,
    member => make('tr', { role: 'row' },
      make('th', { scope: 'row', role: 'rowheader' },
        make('span', { class: 'model-name' }, make('span', { class: 'swatch', 'aria-hidden': 'true' }), make('span', {}, member.name),
          make('span', { class: 'model-kind' }, member.kind === member.name ? '' : member.kind)),
        make('span', { class: 'why', hidden: '' })),
      make('td', { role: 'cell', class: 'state', 'data-label': 'State' }, make('span', { class: 'chip' })),
      make('td', { role: 'cell', class: 'span' }, make('div', { class: 'progress' },
        make('div', { class: 'bar', role: 'progressbar', 'aria-label': `Progress of ${member.name}`, 'aria-valuemin': 0, 'aria-valuemax': 100 }, make('i')), make('span', { class: 'steps' }))),
      ...['Loss', 'Tokens/s', 'MFU', 'Device', 'Attempts', 'ETA'].map(label => make('td', { role: 'cell', 'data-label': label, class: label === 'Device' ? null : 'number' }))),
    (row, member) => {
      const [name, state, progress, loss, speed, mfu, device, attempts, eta] = row.children, place = members.indexOf(member);
      colour(name.querySelector('.swatch'), place);
      const why = name.querySelector('.why');
      const problem = member.state === 'completed' ? null : member.error;
      show(why, problem !== null);
      say(why, problem === null ? '' : member.state === 'failed' ? problem : `last problem: ${problem}`);
      mark(why, 'data-tone', member.state === 'failed' ? 'bad' : null);
      tone(state.firstChild, member.state);
      const gauge = progress.querySelector('.bar');
      bar(gauge, member.progress, place);
      mark(gauge, 'aria-valuenow', Math.floor(member.progress * 100));
      say(progress.querySelector('.steps'), member.target_steps > 0 ? `${steps(member.step)} / ${steps(member.target_steps)}` : '–');
      say(loss, measure(member.loss));
      say(speed, scaled(member.tokens_per_second));
      say(mfu, member.mfu === null ? '–' : `${(member.mfu * 100).toFixed(member.mfu < 0.1 ? 1 : 0)}%`);
      say(device, member.device ?? '–');
      say(attempts, member.attempt > 0 ? String(member.attempt) : '–');
      say(eta, member.state === 'training' ? duration(member.remaining) : '–');
    });
}

function showCurves(members) {
  const curves = (run.curves ?? []).filter(one => one.training.length > 0 || one.validation.length > 0);
  show($('curves'), curves.length > 0);
  if (curves.length === 0) return;
  const place = name => members.findIndex(member => member.name === name);
  const series = (name, points) => ({ name, index: place(name), dashed: members[place(name)]?.kind === 'mixture', points });
  const all = [['Training loss, nats a token', curves.map(one => series(one.name, one.training.map(point => [point[0], point[2]])))]];
  for (const domain of new Set(curves.flatMap(one => one.validation.map(point => point[1])))) {
    all.push([`Validation loss on ${domain}, nats a token`,
      curves.map(one => series(one.name, one.validation.filter(point => point[1] === domain).map(point => [point[0], point[2]])))]);
  }
  training = all[0][1];
  list($('legend'), curves, one => one.name,
    one => {
      const button = make('button', { type: 'button' }, make('span', { class: 'key', 'aria-hidden': 'true' }), make('span', {}, one.name), make('b'));
      button.addEventListener('click', () => {
        if (!hidden.delete(one.name)) hidden.add(one.name);
        showCurves(run.status.members);
      });
      return make('li', {}, button);
    },
    (item, one) => {
      const button = item.firstChild;
      colour(button, place(one.name));
      button.firstChild.classList.toggle('dashed', members[place(one.name)]?.kind === 'mixture');
      mark(button, 'aria-pressed', String(!hidden.has(one.name)));
    });
  for (const [caption, lines] of all) {
    if (!charts.has(caption)) {
      const chart = new Chart(step => { chart.step = step; showValues(step === null ? training : chart.lines, step); });
      charts.set(caption, chart);
      $('charts').append(chart.figure);
    }
    const chart = charts.get(caption);
    chart.lines = lines;
    chart.figure.classList.toggle('wide', caption === all[0][0]);
    chart.show(caption, lines.filter(one => !hidden.has(one.name)));
  }
  if ([...charts.values()].every(chart => (chart.step ?? null) === null)) showValues(training, null);
}

/** In the legend: the losses at the pointer, or the last ones. */
function showValues(lines, step) {
  for (const item of $('legend').children) {
    const points = lines?.find(one => one.name === item.dataset.key)?.points ?? [];
    say(item.querySelector('b'), measure(step === null ? points.at(-1)?.[1] : valueAt(points, step)));
  }
}

function showPerplexities(status) {
  show($('perplexities'), status.evaluations.length > 0);
  const state = JSON.stringify(status.evaluations.map(one => [one.model, one.domain, one.nll]));
  if (status.evaluations.length === 0 || $('perplexity').dataset.state === state) return;
  $('perplexity').dataset.state = state;
  const models = [...new Set(status.evaluations.map(one => one.model))], domains = [...new Set(status.evaluations.map(one => one.domain))];
  const rows = models.map(model => {
    const values = domains.map(domain => status.evaluations.findLast(one => one.model === model && one.domain === domain)?.perplexity ?? null);
    return [...values, values.includes(null) ? null : values.reduce((sum, value) => sum + value, 0) / values.length];
  });
  const best = [...domains, 'average'].map((_, column) => Math.min(...rows.map(row => row[column] ?? Infinity)));
  $('perplexity').replaceChildren(make('table', { class: 'perplexity' },
    make('thead', {}, make('tr', {}, make('th', { scope: 'col' }, 'Model'), ...[...domains, 'average'].map(name => make('th', { scope: 'col', class: 'number' }, name)))),
    make('tbody', {}, ...models.map((model, place) => make('tr', {},
      make('th', { scope: 'row' }, make('span', { class: 'model-name' },
        colour(make('span', { class: 'swatch', 'aria-hidden': 'true' }), status.members.findIndex(member => member.name === model)), make('span', {}, model))),
      ...rows[place].map((value, column) => make('td', { class: value !== null && value === best[column] ? 'number best' : 'number' }, measure(value))))))));
}

function showExperts(status) {
  const routed = status.evaluations.filter(one => one.routing.length > 0);
  show($('experts'), routed.length > 0);
  if (routed.length === 0) return;
  const mixtures = [...new Set(routed.map(one => one.model))];
  const mixture = mixtures.includes(choice.mixture) ? choice.mixture : mixtures[0];
  const shown = routed.filter(one => one.model === mixture);
  const hasAttention = shown.some(one => one.routing.some(layer => layer.attention_shares.length > 0));
  const router = hasAttention ? choice.router : 'ffn';
  const state = JSON.stringify([mixture, router, mixtures, routed.map(one => [one.model, one.domain, one.nll])]);
  if ($('heats').dataset.state === state) return;
  $('heats').dataset.state = state;
  const buttons = (name, words, chosen, choose) => make('fieldset', {}, make('legend', {}, name), ...words.map(([value, word]) => {
    const button = make('button', { type: 'button', 'aria-pressed': String(value === chosen) }, word);
    button.addEventListener('click', () => {
      choose(value);
      showExperts(run.status);
      [...$('choices').querySelectorAll('button')].find(other => other.textContent === word)?.focus();
    });
    return button;
  }));
  $('choices').replaceChildren(
    buttons('Mixture', mixtures.map(name => [name, name]), mixture, value => { choice.mixture = value; }),
    ...(hasAttention ? [buttons('Experts', [['ffn', 'FFN'], ['attention', 'Attention']], router, value => { choice.router = value; })] : []));
  $('heats').style.setProperty('--wide', `${4 + 3.4 * shown[0].experts.length}rem`);
  $('heats').replaceChildren(...shown.map(one => make('div', {}, heat(one, router))));
  say($('heats-say'), router === 'ffn' ? 'Part of a domain’s tokens that each FFN expert got, by layer, in per cent.' : 'Mean gate of each attention expert on a domain’s text, by layer, in per cent.');
}

function heat(one, router) {
  const experts = one.experts.map((name, place) => {
    const twins = one.experts.slice(0, place).filter(before => before === name).length;
    return twins > 0 ? `${name} ${twins + 1}` : name;
  });
  return make('table', { class: 'heat' }, make('caption', {}, `on ${one.domain}`),
    make('thead', {}, make('tr', {}, make('td'), ...experts.map(name => make('th', { scope: 'col' }, name)))),
    make('tbody', {}, ...one.routing.map((layer, place) => {
      const shares = router === 'ffn' ? layer.ffn_shares : layer.attention_shares;
      return make('tr', {}, make('th', { scope: 'row' }, `layer ${place}`), ...experts.map((_, expert) => {
        const share = shares[expert] ?? 0, cell = make('td', {}, (share * 100).toFixed(0));
        cell.style.setProperty('--share', `${share * 100}%`);
        return cell;
      }));
    })));
}

function showEvents(members) {
  show($('log'), run.events.length > 0);
  list($('events'), run.events, event => event.sequence, event => make('li', {},
    make('time', { datetime: event.time, title: event.time }, clock(event.time)),
    make('span', { class: 'kind' }, make('span', { class: 'chip' })),
    make('span', { class: 'who' }, ...(event.member === null ? [] : [colour(make('span', { class: 'swatch', 'aria-hidden': 'true' }), members.findIndex(member => member.name === event.member)), make('span', {}, event.member)])),
    make('span', { class: 'what' }, event.text)),
  (item, event) => tone(item.querySelector('.chip'), event.kind, EVENT_TONES));
}

$('skip').addEventListener('click', event => { event.preventDefault(); $('run').focus(); });
addEventListener('hashchange', () => wake());
document.addEventListener('visibilitychange', () => wake());
watch();
