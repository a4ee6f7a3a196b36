// The labs of the scenarios on the embedded runtime, and who is who.
import { Service, topology } from "../harness/harness.mjs";

// Two nodes and a link; n2 says something.
export const pair = (name) =>
  topology(name, {
    nodes: {
      n1: { exec: ["ip addr add 10.0.0.1/30 dev eth1", "ip link set eth1 up"] },
      n2: { cmd: "sh -c 'echo hello from n2; exec sleep 100000'", exec: ["ip addr add 10.0.0.2/30 dev eth1", "ip link set eth1 up"] },
    },
    links: [["n1:eth1", "n2:eth1"]],
  });

// `pair` at the top, `office` in the collection `campus` of alice.
export async function startWithLabs(config = {}) {
  return Service.start({
    config,
    labs: {
      "pair.clab.yml": pair("pair"),
      "idle.clab.yml": pair("idle"),
      "campus/collection.yml": JSON.stringify({ creator: "alice", publicDeploy: false }),
      "campus/office.clab.yml": pair("office"),
      "broken-program.clab.yml": topology("broken-program", { nodes: { bad: { cmd: "/no/such/program" } } }),
    },
  });
}

// Tokens: alice made the labs of campus, bob may see them, eve sees nothing.
export async function people(service) {
  return {
    alice: await service.token("alice", { groups: ["campus"] }),
    bob: await service.token("bob", { groups: ["campus"] }),
    eve: await service.token("eve"),
  };
}
