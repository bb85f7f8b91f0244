//! Prints the metadata of the OpenID Connect provider whose address is the argument.

/** The limit for a provider's answer. */
const TIMEOUT_MS = 10_000;

const issuer = process.argv[2] ?? "";
const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
try {
  const answer = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!answer.ok) throw new Error(`it answers ${answer.status}`);
  console.log(JSON.stringify(await answer.json()));
} catch (error) {
  const { message, cause } = error as Error;
  console.error(`${url} cannot be read: ${cause instanceof Error ? cause.message : message}`);
  process.exitCode = 1;
}
