// Which of the posts in a file does the official library take? Prints a list of true and false.
import { readFileSync } from 'node:fs';
import { Webhook } from 'standardwebhooks';

const posts = JSON.parse(readFileSync(process.argv[2], 'utf8'));
console.log(JSON.stringify(posts.map(({ secret, headers, body }) => {
  try {
    new Webhook(secret).verify(body, headers);
    return true;
  } catch {
    return false;
  }
})));
