#pragma once

#include "actors/interfaces.hpp"
#include "actors/spawn.hpp"

namespace stibium::harness {

/// A runtime for tests: it runs nothing, but does what the labels of the topology's nodes say. Everything else about
/// the service is real. Labels, all optional (VERB is deploy, destroy, stop, start or restart; one node speaks for its
/// lab):
///
///     script.VERB.delay: 200        the command takes so many ms
///     script.VERB.error: text       ... and then fails with this text
///     script.VERB.hang: yes         ... and never ends, until it is cancelled
///     script.VERB.deaf: yes         ... also when it is cancelled
///     script.VERB.throw: yes        ... and ends the runtime's actor by an exception
///     script.VERB.lines: 3          the command writes so many lines to the lab's log: "VERB line 1" and so on
///     script.log.lines: 3           the node writes so many lines when it starts: "NODE line 1" and so on
///     script.log.rate: 100          ... and then so many lines per second for ever: "NODE tick 1" and so on
///     script.exits: 300             the node ends by itself after so many ms
///     script.terminal: log          what is typed goes to the node's log, line by line, and is not echoed
///     script.terminal.error: text   no terminal can be opened
///     script.terminal.delay: 200    opening one takes so many ms
///     script.terminal.hang: yes     opening one never ends
///
/// A terminal echoes what is typed and obeys whole lines: `log TEXT`, `produce NAME COUNT RATE` (lines "NAME 1" and so
/// on into the node's log), `flood COUNT` (numbered lines, as fast as they are taken), `size`, `bytes HEX HEX...` (each
/// group in a read of its own), `exit CODE`, `break` (I/O error), `throw`, `die` (the node ends). It knows nothing
/// else.
///
/// Instances do not outlive the process.
runtime_actor spawn_scripted_runtime(const nursery& births, uint64_t parent);

} // namespace stibium::harness
