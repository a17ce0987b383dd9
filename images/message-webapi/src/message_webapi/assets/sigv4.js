// AWS Signature Version 4 of a request to API Gateway, by the browser's own cryptography.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html

const encoder = new TextEncoder();

/**
 * The headers that sign a request.
 * @param {{keyId: string, secret: string, token: string}} credentials
 * @param {string} region
 * @param {string} method
 * @param {URL} url
 * @param {string} body
 * @param {Date} now
 * @returns {Promise<Object<string, string>>}
 */
export async function signed(credentials, region, method, url, body, now = new Date()) {
  const time = now.toISOString().replace(/[:-]|\.\d{3}/g, "");
  const scope = `${time.slice(0, 8)}/${region}/execute-api/aws4_request`;
  const headers = { host: url.host, "x-amz-date": time };
  if (credentials.token) headers["x-amz-security-token"] = credentials.token;
  const names = Object.keys(headers).sort();
  const request = [
    method,
    path(url),
    query(url),
    ...names.map((name) => `${name}:${headers[name]}`),
    "",
    names.join(";"),
    await digest(body),
  ].join("\n");
  const text = ["AWS4-HMAC-SHA256", time, scope, await digest(request)].join("\n");
  const signature = hex(await mac(await key(credentials.secret, scope), text));
  const { host, ...sent } = headers; // the browser sends it itself
  sent.authorization = `AWS4-HMAC-SHA256 Credential=${credentials.keyId}/${scope}, `
    + `SignedHeaders=${names.join(";")}, Signature=${signature}`;
  return sent;
}

/** Every service but S3 wants the path encoded once more than it is sent. */
function path(url) {
  return url.pathname.split("/").map(encoded).join("/");
}

function query(url) {
  const pairs = [...url.searchParams].map(([name, value]) => [encoded(name), encoded(value)]);
  return pairs.sort(compare).map((pair) => pair.join("=")).join("&");
}

function compare([a, x], [b, y]) {
  if (a !== b) return a < b ? -1 : 1;
  return x < y ? -1 : 1;
}

function encoded(text) {
  return encodeURIComponent(text).replace(/[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

async function key(secret, scope) {
  let found = encoder.encode(`AWS4${secret}`);
  for (const part of scope.split("/")) found = await mac(found, part);
  return found;
}

async function mac(secret, text) {
  const imported = await crypto.subtle.importKey(
    "raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, encoder.encode(text)));
}

async function digest(text) {
  return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", encoder.encode(text))));
}

function hex(bytes) {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
