// Elements without a framework: h('a', { href: '#' }, 'text', child). Text is always text, never markup.

export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  set(element, attributes);
  element.append(...children.flat().filter(child => child !== null && child !== undefined && child !== false));
  return element;
}

export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  set(element, attributes);
  element.append(...children);
  return element;
}

function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) {
      element.addEventListener(name.slice(2), value);
    } else if (value === true) {
      element.setAttribute(name, '');
    } else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(name, value);
    }
  }
}

export function text(element, value) {
  if (element.textContent !== value) {
    element.textContent = value;
  }
}

export function announce(message) {
  document.getElementById('announcer').textContent = message;
}

export async function getJson(path) {
  const response = await fetch(path);
  if (!response.ok) {
    throw new Error(`${path}: ${response.status}`);
  }
  return response.json();
}

// Repeats work while the view is shown; a failed round is tried again.
export function every(milliseconds, work, signal) {
  const round = async () => {
    if (signal.aborted) {
      return;
    }
    try {
      await work();
    } catch {
      connection(false);
    }
    setTimeout(round, milliseconds);
  };
  return round();
}

export function connection(open) {
  text(document.getElementById('connection'), open ? '' : 'The host does not answer.');
}

// Server-sent events until the view is left. The browser reconnects by itself. With ?still in the address nothing is streamed: for a screenshot, which
// a browser takes when nothing is being loaded any more.
export function listen(path, onMessage, signal) {
  if (location.search === '?still') {
    return undefined;
  }
  const source = new EventSource(path);
  source.onopen = () => connection(true);
  source.onerror = () => connection(false);
  source.onmessage = event => onMessage(JSON.parse(event.data));
  signal.addEventListener('abort', () => source.close());
  return source;
}
