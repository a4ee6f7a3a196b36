#include "deploy/service.hpp"

#include "scripted_runtime.hpp"

/// `stibiumd`, all of it, on the scripted runtime.
int main(int argc, char** argv) {
  using namespace stibium;
  const deploy::runtime_choice scripted{"scripted", [](const deploy::runtime_needs& needs) {
                                          return harness::spawn_scripted_runtime(needs.births, needs.parent);
                                        }};
  return deploy::run_service(argc, argv, {scripted});
}
