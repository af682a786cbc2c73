// A public OAuth client in the browser, as small as it can be and still right: discovery (RFC 8414), registration
// (RFC 7591), authorization code with PKCE (RFC 7636), `state` and `iss` (RFC 9207), refresh, revocation (RFC 7009).
"use strict";

const KEPT = "vestibule-try";
const REDIRECT_URI = `${location.origin}/`;
const RESOURCE = `${location.origin}/mcp`;

const element = (id) => document.getElementById(id);
const memory = () => JSON.parse(sessionStorage.getItem(KEPT) ?? "{}");
const remember = (changes) => sessionStorage.setItem(KEPT, JSON.stringify({ ...memory(), ...changes }));

/** An answer that is no success, told so that a person can read it. */
class Refused extends Error {}

// ---- The client --------------------------------------------------------------------------------------------------

async function start() {
  sessionStorage.removeItem(KEPT);
  show();

  const metadata = await discover();
  const registration = await register(metadata);

  const verifier = randomText();
  const state = randomText();
  const url = new URL(metadata.authorization_endpoint);
  const parameters = {
    response_type: "code",
    client_id: registration.client_id,
    redirect_uri: REDIRECT_URI,
    code_challenge: base64url(await sha256(verifier)),
    code_challenge_method: "S256",
    state,
    resource: RESOURCE,
  };
  if (metadata.scopes_supported) parameters.scope = metadata.scopes_supported.join(" ");
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);

  step("Sent you to sign in", `GET ${url.pathname} with PKCE S256, state and resource`);
  remember({ metadata, client_id: registration.client_id, verifier, state });
  location.assign(url);
}

async function discover() {
  const path = "/.well-known/oauth-authorization-server";
  const metadata = await answer(await fetch(path, { cache: "no-store" }), `GET ${path}`);
  // RFC 8414 §3.3: the issuer must be the one that was asked for.
  if (metadata.issuer !== location.origin) {
    throw new Refused(`The metadata is of another issuer, ${metadata.issuer}. Open that address instead.`);
  }
  step("Found the endpoints", `GET ${path}`);
  return metadata;
}

async function register(metadata) {
  const registration = await answer(
    await fetch(metadata.registration_endpoint, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({
        client_name: "Try Vestibule",
        redirect_uris: [REDIRECT_URI],
        grant_types: ["authorization_code", "refresh_token"],
        response_types: ["code"],
        token_endpoint_auth_method: "none",
      }),
    }),
    `POST ${pathOf(metadata.registration_endpoint)}`,
  );
  step("Registered this page as a client", `client_id ${shortened(registration.client_id)}`);
  return registration;
}

/** The way back from sign-in: what the address bar holds is checked, taken out of it, and spent. */
async function finish(parameters) {
  history.replaceState(null, "", "/");
  const { metadata, client_id, verifier, state } = memory();
  // Once, whatever comes of it: a second visit with the same parameters must not find them.
  remember({ verifier: undefined, state: undefined });

  if (!state || parameters.get("state") !== state) {
    throw new Refused("This answer belongs to no sign-in of this tab: its state is unknown. Start over.");
  }
  if (parameters.get("iss") !== metadata.issuer) {
    const iss = parameters.get("iss") ?? "which it does not name";
    throw new Refused(`This answer is from another issuer, ${iss}. It was not used.`);
  }
  const error = parameters.get("error");
  if (error) {
    step("Came back without a code", error, true);
    throw new Refused(readable(error, parameters.get("error_description")));
  }
  step("Came back signed in", "a code, with the right state and the right issuer");

  const tokens = await askForTokens(metadata, {
    grant_type: "authorization_code",
    code: parameters.get("code"),
    code_verifier: verifier,
    redirect_uri: REDIRECT_URI,
    client_id,
    resource: RESOURCE,
  });
  step("Exchanged the code for tokens", `POST ${pathOf(metadata.token_endpoint)}, granted: ${tokens.scope ?? "no scope"}`);
}

async function refresh() {
  const { metadata, client_id, tokens } = memory();
  await askForTokens(metadata, {
    grant_type: "refresh_token",
    refresh_token: tokens.refresh_token,
    client_id,
    resource: RESOURCE,
  });
  step("Refreshed", "a new access token, and a new refresh token in place of the old one");
}

async function revoke() {
  const { metadata, client_id, tokens } = memory();
  await answer(
    await fetch(metadata.revocation_endpoint, {
      method: "POST",
      body: new URLSearchParams({ token: tokens.refresh_token ?? tokens.access_token, client_id }),
    }),
    `POST ${pathOf(metadata.revocation_endpoint)}`,
  );
  remember({ revoked: true });
  step("Revoked", "the grant has ended; refreshing is refused from now on");
}

async function askForTokens(metadata, form) {
  const response = await fetch(metadata.token_endpoint, { method: "POST", body: new URLSearchParams(form) });
  const tokens = await answer(response, `POST ${pathOf(metadata.token_endpoint)}`);
  // An answer without a refresh token leaves the one that was used (RFC 6749 §6).
  remember({ tokens: { ...memory().tokens, ...tokens } });
  return tokens;
}

/** The JSON of a successful answer; anything else is an error that says what was asked and what came back. */
async function answer(response, asked) {
  const text = await response.text();
  let body = {};
  try {
    if (text) body = JSON.parse(text);
  } catch {
    throw new Refused(`${asked} was answered with ${response.status} and no JSON.`);
  }
  if (!response.ok) {
    step(`${asked} was refused`, `${response.status} ${body.error ?? ""}`, true);
    throw new Refused(readable(body.error ?? `status ${response.status}`, body.error_description));
  }
  return body;
}

function readable(error, description) {
  const known = {
    access_denied: "The sign-in was cancelled or refused.",
    invalid_grant: "The grant is over: revoked, expired, or its token was used before. Start over.",
    invalid_client: "Vestibule does not know this client any more, probably because it was restarted. Start over.",
    temporarily_unavailable: "Vestibule could not do this now. Try again in a moment.",
  };
  const parts = [known[error], description && `“${description}”`, `(${error})`];
  return parts.filter(Boolean).join(" ");
}

// ---- Small tools --------------------------------------------------------------------------------------------------

const base64url = (bytes) =>
  btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const randomText = () => base64url(crypto.getRandomValues(new Uint8Array(32)));
const sha256 = async (text) =>
  new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
const pathOf = (url) => new URL(url).pathname;
const shortened = (text) => (text.length > 28 ? `${text.slice(0, 14)}…${text.slice(-8)}` : text);

/** Header and claims of a JWT, to look at; who relies on them verifies the signature first. */
function decoded(token) {
  const [header, claims] = token.split(".").map((part) => {
    try {
      const bytes = Uint8Array.from(atob(part.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
      return JSON.parse(new TextDecoder().decode(bytes));
    } catch {
      return undefined;
    }
  });
  return { header, claims };
}

// ---- The page -----------------------------------------------------------------------------------------------------

function step(what, detail, refused = false) {
  remember({ steps: [...(memory().steps ?? []), { what, detail, refused }] });
  show();
}

function show() {
  const { steps = [], tokens, revoked } = memory();
  element("no-steps").hidden = steps.length > 0;
  // Steps are only ever added, so that a screen reader announces the new ones and not the whole list.
  const list = element("steps");
  if (list.children.length > steps.length) list.replaceChildren();
  for (const { what, detail, refused } of steps.slice(list.children.length)) {
    const item = document.createElement("li");
    item.classList.toggle("refused", refused);
    item.append(made("span", "what", what), made("span", "detail", detail));
    list.append(item);
  }

  element("try").hidden = Boolean(tokens);
  element("refresh").hidden = !tokens?.refresh_token;
  element("revoke").hidden = !tokens || Boolean(revoked);
  element("restart").hidden = steps.length === 0;
  element("tokens").hidden = !tokens;
  if (tokens) showTokens(tokens, revoked);
}

let expiry;

function showTokens(tokens, revoked) {
  const { header, claims } = decoded(tokens.access_token);
  const parts = tokens.access_token.split(".");
  const shown = parts.flatMap((part, n) => [...(n ? ["."] : []), made("span", `part-${n + 1}`, part)]);
  element("access-token").replaceChildren(...shown);
  element("access-header").textContent = header ? JSON.stringify(header, null, 2) : "not a JWT";
  element("access-claims").textContent = claims ? JSON.stringify(claims, null, 2) : "not a JWT";

  const left = claims?.exp ? claims.exp * 1000 - Date.now() : undefined;
  const state = element("access-state");
  state.textContent = revoked ? "revoked" : left <= 0 ? "expired" : "valid";
  state.className = state.textContent === "valid" ? "badge good" : "badge bad";
  clearTimeout(expiry);
  if (left > 0) expiry = setTimeout(show, left);

  const time = (seconds) => seconds && new Date(seconds * 1000).toLocaleTimeString();
  const meanings = [
    ["Who", claims?.sub],
    ["For", [claims?.aud].flat().join(", ")],
    ["May", claims?.scope],
    ["Issued", time(claims?.iat)],
    ["Ends", time(claims?.exp)],
  ];
  const rows = meanings.filter(([, value]) => value);
  element("access-meaning").replaceChildren(
    ...rows.flatMap(([name, value]) => [made("dt", "", name), made("dd", "", value)]),
  );

  element("refresh-card").hidden = !tokens.refresh_token;
  element("refresh-token").textContent = tokens.refresh_token ?? "";
}

function made(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.textContent = text;
  return node;
}

/** Runs one action at a time, and tells what went wrong. */
async function run(action) {
  const problem = element("problem");
  const buttons = document.querySelectorAll(".actions button");
  problem.hidden = true;
  buttons.forEach((button) => (button.disabled = true));
  try {
    await action();
  } catch (error) {
    problem.textContent =
      error instanceof Refused ? error.message : `That did not work: ${error.message}. Is Vestibule still running?`;
    problem.hidden = false;
  }
  buttons.forEach((button) => (button.disabled = false));
  show();
}

element("issuer").textContent = location.origin;
element("resource").textContent = RESOURCE;
element("try").addEventListener("click", () => run(start));
element("refresh").addEventListener("click", () => run(refresh));
element("revoke").addEventListener("click", () => run(revoke));
element("restart").addEventListener("click", () => {
  sessionStorage.removeItem(KEPT);
  element("problem").hidden = true;
  show();
  element("try").focus();
});

show();
const parameters = new URLSearchParams(location.search);
if (parameters.has("code") || parameters.has("error")) run(() => finish(parameters));
