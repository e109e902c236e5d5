import { announce, connection, getJson, h, listen, text } from './dom.js';
import { bytes, uptime } from './format.js';

const columns = ['Name', 'State', 'Uptime', 'Restarts', 'CPU', 'Memory', 'Endpoints', 'Actions'];

export function resources({ root, heading, signal }) {
  heading('Resources');
  const summary = h('p', { class: 'summary' }, 'Waiting for the host…');
  const body = h('tbody');
  const dialog = h('dialog', { 'aria-labelledby': 'environment-title' });
  root.append(
    summary,
    h('div', { class: 'sheet' }, h('table', {},
      h('thead', {}, h('tr', {}, columns.map(name => h('th', { scope: 'col', class: ['Uptime', 'Restarts', 'CPU', 'Memory'].includes(name) ? 'number' : null }, name)))),
      body)),
    dialog);

  const rows = new Map();
  const show = list => {
    for (const resource of list) {
      let row = rows.get(resource.id);
      if (!row) {
        row = createRow(resource, dialog);
        rows.set(resource.id, row);
        body.append(row.element);
      }
      row.update(resource);
    }
    const healthy = list.filter(resource => resource.health === 'Healthy' || resource.state === 'Finished').length;
    text(summary, `${healthy} of ${list.length} healthy`);
  };
  getJson('/api/resources').then(show, () => connection(false));
  listen('/api/resources/stream', show, signal);
}

// A row is made once and then updated, so that the focus stays on its buttons.
function createRow(resource, dialog) {
  const state = h('span', { class: 'state' });
  const reason = h('span', { class: 'detail' });
  const cells = Object.fromEntries(['uptime', 'restarts', 'cpu', 'memory'].map(name => [name, h('td', { class: 'number' })]));
  const type = h('span', { class: 'detail' });
  const endpoints = h('ul', { class: 'endpoints' });
  const buttons = Object.fromEntries(['start', 'stop', 'restart'].map(command => [command, h('button', {
    type: 'button',
    'aria-label': `${command[0].toUpperCase()}${command.slice(1)} ${resource.id}`,
    onclick: () => run(resource.id, command),
  }, `${command[0].toUpperCase()}${command.slice(1)}`)]));
  const element = h('tr', { class: resource.parent ? 'child' : null },
    h('th', { scope: 'row' }, resource.id, type),
    h('td', {}, state, reason),
    cells.uptime, cells.restarts, cells.cpu, cells.memory,
    h('td', {}, endpoints),
    h('td', {}, h('div', { class: 'actions' },
      h('a', { href: `#/logs/${encodeURIComponent(resource.id)}`, 'aria-label': `Logs of ${resource.id}` }, 'Logs'),
      h('button', { type: 'button', 'aria-label': `Environment of ${resource.id}`, onclick: () => environment(resource.id, dialog) }, 'Environment'),
      Object.values(buttons))));

  return {
    element,
    update(now) {
      const [kind, label] = describe(now);
      state.className = `state ${kind}`;
      text(state, label);
      text(reason, now.reason ?? '');
      text(type, now.type + (now.processId ? ` · pid ${now.processId}` : ''));
      text(cells.uptime, now.uptimeSeconds === null ? '' : uptime(now.uptimeSeconds));
      text(cells.restarts, String(now.restarts));
      text(cells.cpu, now.cpuPercent === null ? '' : `${now.cpuPercent.toFixed(0)} %`);
      text(cells.memory, now.memoryBytes === null ? '' : bytes(now.memoryBytes));
      if (endpoints.childElementCount !== now.endpoints.length) {
        endpoints.replaceChildren(...now.endpoints.map(endpoint => h('li', {},
          endpoint.link ? h('a', { href: endpoint.url, target: '_blank', rel: 'noreferrer' }, endpoint.url) : endpoint.url,
          ' ', h('span', { class: 'detail' }, endpoint.name))));
      }
      buttons.start.disabled = !now.canStart;
      buttons.stop.disabled = now.canStart;
      buttons.restart.disabled = now.canStart;
    },
  };
}

function describe(resource) {
  if (resource.state === 'Running') {
    return resource.health === 'Healthy' ? ['good', 'Running, healthy'] : ['warn', 'Running, not healthy'];
  }
  const kinds = { success: 'good', error: 'bad', warn: 'warn' };
  const label = { FailedToStart: 'Failed to start', NotStarted: 'Not started', ValueMissing: 'Value missing' }[resource.state] ?? resource.state;
  return [kinds[resource.style] ?? '', label];
}

async function run(id, command) {
  announce(`${command} ${id}…`);
  const token = document.querySelector('meta[name="page-token"]').content;
  const response = await fetch(`/api/resources/${encodeURIComponent(id)}/${command}`, { method: 'POST', headers: { 'X-Page-Token': token } });
  const done = { start: 'started', stop: 'stopped', restart: 'restarted' }[command];
  announce(response.ok ? `${id} ${done}` : `${id} could not be ${done}`);
}

async function environment(id, dialog) {
  const variables = await getJson(`/api/resources/${encodeURIComponent(id)}/environment`);
  dialog.replaceChildren(
    h('h2', { id: 'environment-title' }, `Environment of ${id}`),
    variables.length === 0
      ? h('p', { class: 'empty' }, 'Nothing is set by the host.')
      : h('div', { class: 'sheet', tabindex: '0', role: 'region', 'aria-label': `Variables of ${id}` }, h('table', {},
        h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'Name'), h('th', { scope: 'col' }, 'Value'))),
        h('tbody', {}, variables.map(variable => h('tr', {},
          h('th', { scope: 'row' }, h('code', {}, variable.name)),
          h('td', {}, variable.secret ? h('span', {}, '•••••• ', h('span', { class: 'detail' }, 'secret')) : h('code', {}, variable.value))))))),
    h('form', { method: 'dialog' }, h('button', {}, 'Close')));
  dialog.showModal();
}
