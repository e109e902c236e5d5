// Uploads a file by tus-js-client through a line that is cut at random places. Prints where it lies and how often the line was cut.
import net from 'node:net';
import { createReadStream, statSync } from 'node:fs';
import { Upload } from 'tus-js-client';

const { server, path, token, file, metadata, cuts, seed, chunkSize } = JSON.parse(process.argv[2]);
let random = seed;
const next = () => (random = (random * 1103515245 + 12345) % 2147483648) / 2147483648;
const size = statSync(file).size;
let left = cuts;

const line = net.createServer(client => {
  const upstream = net.connect(Number(new URL(server).port), '127.0.0.1');
  let until = left > 0 ? Math.floor(next() * (size / 2)) : Infinity;
  client.on('data', data => {
    until -= data.length;
    if (until < 0 && left > 0) {
      left--;
      until = Infinity;
      client.destroy();
      upstream.destroy();
      return;
    }
    if (!upstream.write(data)) {
      client.pause();
      upstream.once('drain', () => client.resume());
    }
  });
  upstream.on('data', data => client.write(data));
  for (const [one, other] of [[client, upstream], [upstream, client]]) {
    one.on('error', () => other.destroy());
    one.on('close', () => other.destroy());
  }
});
await new Promise(resolve => line.listen(0, '127.0.0.1', resolve));

const offsets = [];
const upload = new Upload(createReadStream(file), {
  endpoint: `http://127.0.0.1:${line.address().port}${path}`,
  headers: { Authorization: `Bearer ${token}` },
  metadata,
  uploadSize: size,
  chunkSize: chunkSize ?? Infinity,
  retryDelays: Array(cuts * 3 + 5).fill(20),
  onAfterResponse: (request, response) => {
    if (request.getMethod() === 'HEAD') offsets.push(Number(response.getHeader('Upload-Offset')));
  },
  onError: error => {
    console.log(JSON.stringify({ error: String(error.originalResponse?.getBody() ?? error) }));
    process.exit(1);
  },
  onSuccess: () => {
    console.log(JSON.stringify({ url: upload.url, cuts: cuts - left, offsets }));
    process.exit(0);
  },
});
upload.start();
