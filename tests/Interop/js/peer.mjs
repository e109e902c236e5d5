// The official gRPC implementation for Node, driven by the tests: one JSON command a line on stdin, one JSON answer a line on stdout.
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { dirname, join } from 'node:path';
import grpc from '@grpc/grpc-js';
import loader from '@grpc/proto-loader';

const protos = join(dirname(fileURLToPath(import.meta.url)), '..', 'Protos');
const echo = grpc.loadPackageDefinition(loader.loadSync('echo.proto', { includeDirs: [protos], keepCase: true, longs: Number, defaults: true }))
  .secondopinion.interop.v1.Echo;

const clients = new Map(); // by address and options: a test may want a connection of its own
const observed = new Map(); // calls that this server saw being cancelled, by the text of their request

function clientFor({ address, options = {}, channel = '' }) {
  const key = JSON.stringify([address, options, channel]);
  if (!clients.has(key)) {
    clients.set(key, new echo(address, grpc.credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1, ...options }));
  }
  return clients.get(key);
}

function toMetadata(entries = {}) {
  const metadata = new grpc.Metadata();
  for (const [key, value] of Object.entries(entries)) {
    metadata.add(key, key.endsWith('-bin') ? Buffer.from(value, 'base64') : value);
  }
  return metadata;
}

function fromMetadata(metadata) {
  const entries = {};
  for (const key of Object.keys(metadata?.getMap() ?? {})) {
    const value = metadata.get(key)[0];
    entries[key] = Buffer.isBuffer(value) ? value.toString('base64') : value;
  }
  return entries;
}

const requestOf = (call) => ({
  text: call.text ?? '', body: Buffer.alloc(call.size ?? 0, 7), count: call.count ?? 0, size: call.messageSize ?? 0,
  fail_with: call.failWith ?? 0, fail_detail: call.failDetail ?? '', hang: call.hang ?? false,
});

/** Makes one call and says everything that its caller can see of it. */
function run(call) {
  const client = clientFor(call);
  const outcome = { code: -1, details: '', headers: {}, trailers: {}, count: 0, bytes: 0, text: '', index: 0, total: 0, inOrder: true };
  const options = call.deadline ? { deadline: Date.now() + call.deadline } : {};
  const metadata = toMetadata(call.metadata);
  return new Promise((resolve) => {
    const take = (reply) => {
      outcome.inOrder &&= call.kind !== 'server' || reply.index === outcome.count;
      outcome.count++;
      outcome.bytes += reply.body.length;
      outcome.text = reply.text;
      outcome.index = reply.index;
      outcome.total = reply.total;
      if (call.cancelAfter && outcome.count === call.cancelAfter) {
        active.cancel();
      }
    };
    const end = (status) => {
      Object.assign(outcome, { code: status.code, details: status.details, trailers: fromMetadata(status.metadata) });
      resolve(outcome);
    };
    const request = requestOf(call);
    const onReply = (error, reply) => { if (!error) { take(reply); } };
    const active = {
      unary: () => client.Unary(request, metadata, options, onReply),
      server: () => client.ServerStream(request, metadata, options),
      client: () => client.ClientStream(metadata, options, onReply),
      duplex: () => client.Duplex(metadata, options),
    }[call.kind]();
    active.on('metadata', (headers) => { outcome.headers = fromMetadata(headers); });
    active.on('status', end);
    active.on('error', () => {}); // the status says it
    if (call.kind === 'server' || call.kind === 'duplex') {
      active.on('data', take);
    }
    if (call.kind === 'client' || call.kind === 'duplex') {
      const total = call.count ?? 0;
      let sent = 0;
      const pump = () => {
        while (sent < total) {
          sent++;
          if (!active.write({ ...request, count: 0 })) {
            active.once('drain', pump);
            return;
          }
        }
        if (!call.hang) {
          active.end();
        }
      };
      pump();
    }
    if (call.cancelNow) {
      active.cancel();
    }
  });
}

function answersOf(call) {
  const metadata = new grpc.Metadata();
  for (const key of ['x-echo', 'x-echo-bin']) {
    call.metadata.get(key).forEach((value) => metadata.add(key, value));
  }
  return metadata;
}

function watchCancellation(call, name) {
  call.on('cancelled', () => observed.set(name, (observed.get(name) ?? 0) + 1));
}

function failure(request, trailers) {
  return Object.assign(new Error(request.fail_detail), { code: request.fail_with, details: request.fail_detail, metadata: trailers });
}

const implementation = {
  Unary(call, callback) {
    const { request } = call;
    call.sendMetadata(answersOf(call));
    if (request.hang) {
      watchCancellation(call, request.text);
    } else if (request.fail_with) {
      callback(failure(request, answersOf(call)));
    } else {
      callback(null, { text: request.text, body: request.body }, answersOf(call));
    }
  },
  ServerStream(call) {
    const { request } = call;
    call.sendMetadata(answersOf(call));
    watchCancellation(call, request.text);
    const body = Buffer.alloc(request.size, 7);
    let index = 0;
    const pump = () => {
      while (index < request.count && !call.cancelled) {
        if (!call.write({ text: request.text, body, index: index++ })) {
          call.once('drain', pump);
          return;
        }
      }
      if (request.fail_with) {
        call.emit('error', failure(request, answersOf(call)));
      } else if (!request.hang && !call.cancelled) {
        call.end(answersOf(call));
      }
    };
    pump();
  },
  ClientStream(call, callback) {
    let index = 0;
    let total = 0;
    let text = '';
    watchCancellation(call, 'client-stream');
    call.on('data', (request) => {
      index++;
      total += request.body.length;
      text = request.text;
    });
    call.on('end', () => callback(null, { index, total, text, body: Buffer.alloc(0) }));
    call.on('error', () => {}); // a cancelled stream
  },
  Duplex(call) {
    let index = 0;
    call.on('data', (request) => {
      if (index === 0) {
        watchCancellation(call, request.text);
      }
      if (!call.write({ text: request.text, body: request.body, index: index++ })) {
        call.pause();
        call.once('drain', () => call.resume());
      }
    });
    call.on('end', () => call.end());
    call.on('error', () => {}); // a cancelled stream
  },
};

function serve({ options = {} }) {
  const server = new grpc.Server(options);
  server.addService(echo.service, implementation);
  return new Promise((resolve, reject) => server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) => {
    if (error) {
      reject(error);
    } else {
      resolve({ port });
    }
  }));
}

/** Unary calls from `callers` loops for `seconds`; latencies in microseconds. Used by the benchmark. */
async function load({ address, callers, seconds, size }) {
  const client = clientFor({ address });
  const request = { text: 'x'.repeat(size), body: Buffer.alloc(0) };
  const latencies = [];
  const end = process.hrtime.bigint() + BigInt(Math.round(seconds * 1e9));
  const loop = async () => {
    for (let now = process.hrtime.bigint(); now < end;) {
      await new Promise((resolve, reject) => client.Unary(request, (error) => error ? reject(error) : resolve()));
      const after = process.hrtime.bigint();
      latencies.push(Number(after - now) / 1000);
      now = after;
    }
  };
  await Promise.all(Array.from({ length: callers }, loop));
  latencies.sort((a, b) => a - b);
  const at = (share) => latencies[Math.floor(latencies.length * share)];
  return { calls: latencies.length, p50: at(0.5), p99: at(0.99) };
}

/** One server stream of `count` messages; seconds until it ended. Used by the benchmark. */
async function loadStream({ address, count, text }) {
  const started = process.hrtime.bigint();
  const outcome = await run({ address, kind: 'server', count, text });
  return { code: outcome.code, count: outcome.count, seconds: Number(process.hrtime.bigint() - started) / 1e9 };
}

const commands = { serve, run, load, loadStream, observed: ({ name }) => ({ count: observed.get(name) ?? 0 }) };

createInterface({ input: process.stdin }).on('line', async (line) => {
  const { id, command, ...rest } = JSON.parse(line);
  try {
    process.stdout.write(JSON.stringify({ id, result: await commands[command](rest) }) + '\n');
  } catch (error) {
    process.stdout.write(JSON.stringify({ id, error: String(error.stack ?? error) }) + '\n');
  }
}).on('close', () => process.exit(0));
