// oauth2-mock-server, which signs in whoever comes. Prints its issuer; then each line of standard
// input says what it shall do from now on, and is printed when it does.
import { createInterface } from 'node:readline';
import { OAuth2Server } from 'oauth2-mock-server';

const server = new OAuth2Server();
const { keys } = server.issuer;
const first = await keys.generate('RS256', { kid: 'first' });
const made = {
  first,
  second: await keys.generate('ES256', { kid: 'second' }),
  unpublished: await keys.generate('RS256', { kid: 'unpublished' }),
};
let signing = first;
let spoil = 'nothing';

// It signs with each of its keys in turn and publishes all.
const all = keys.toJSON.bind(keys);
keys.get = () => signing;
keys.toJSON = (...how) => all(...how).filter((key) => key.kid !== 'unpublished');

const far = Math.floor(Date.now() / 1000) - 7200;
const changes = {
  nonce: { nonce: 'of another sign-in' },
  aud: { aud: 'somebody else' },
  iss: { iss: 'https://attacker.example.com' },
  exp: { iat: far, nbf: far, exp: far + 60 },
  sub: { sub: undefined },
};
server.service.on('beforeTokenSigning', ({ payload }) => Object.assign(payload, changes[spoil]));
server.service.on('beforeResponse', (response) => {
  if (spoil === 'missing') delete response.body.id_token;
  if (spoil === 'expires_in') response.body.expires_in = 'soon';
  if (spoil === 'error') Object.assign(response, { statusCode: 400, body: { error: 'invalid_grant' } });
});

await server.start(0, '127.0.0.1');
// It calls itself localhost, which a machine may know by another address, too.
server.issuer.url = `http://127.0.0.1:${server.address().port}`;
console.log(server.issuer.url);
for await (const line of createInterface({ input: process.stdin })) {
  const [what, which] = line.split(' ');
  if (what === 'sign') signing = made[which];
  if (what === 'spoil') spoil = which;
  console.log(line);
}
