// Asks a running server for flags with the public OpenFeature SDK and its OFREP provider, unchanged, and prints what the
// program that uses them gets: one JSON object. The test `openfeature.rs` runs it.
//
//   node client.mjs <base URL> <bearer token, or nothing for a guest>

import { OFREPProvider } from '@openfeature/ofrep-provider';
import { OpenFeature } from '@openfeature/server-sdk';

const [baseUrl, token] = process.argv.slice(2);
const headers = token ? [['Authorization', `Bearer ${token}`]] : [];
await OpenFeature.setProviderAndWait(new OFREPProvider({ baseUrl, headers }));
const client = OpenFeature.getClient();
const ada = { targetingKey: 'ada', email: 'ada@example.org' };

const told = ({ value, variant, reason, errorCode, flagMetadata }) => ({
  value,
  variant,
  reason,
  errorCode,
  version: flagMetadata?.version,
});

console.log(
  JSON.stringify({
    boolean: told(await client.getBooleanDetails('new-editor', false, ada)),
    string: told(await client.getStringDetails('greeting', 'default', ada)),
    number: told(await client.getNumberDetails('limit', 0, ada)),
    object: told(await client.getObjectDetails('theme', {}, ada)),
    rollout: told(await client.getBooleanDetails('rollout', true, ada)),
    off: told(await client.getBooleanDetails('switched-off', true, ada)),
    missing: told(await client.getBooleanDetails('nowhere', true, ada)),
    nobody: told(await client.getBooleanDetails('rollout', true, {})),
    wrongType: told(await client.getStringDetails('limit', 'default', ada)),
  }),
);
