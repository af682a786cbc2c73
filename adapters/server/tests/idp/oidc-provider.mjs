// node-oidc-provider with its own pages for people, strict: PKCE with S256 from everybody.
// Arguments: the client's secret and its redirect URI. Prints its issuer.
import { createServer } from 'node:http';
import { once } from 'node:events';
import { Provider } from 'oidc-provider';

const [secret, redirectUri] = process.argv.slice(2);
const server = createServer();
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [{
    client_id: 'vestibule',
    client_secret: secret,
    redirect_uris: [redirectUri],
    grant_types: ['authorization_code', 'refresh_token'],
  }],
  claims: { email: ['email', 'email_verified'], profile: ['name'] },
  cookies: { keys: ['of this test only'] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, name: 'Ada', email: `${id}@example.com`, email_verified: true }),
  }),
  pkce: { required: () => true },
});
server.on('request', provider.callback());
console.log(issuer);
