#include "deploy/service.hpp"

int main(int argc, char** argv) {
  return stibium::deploy::run_service(argc, argv, {stibium::deploy::embedded_runtime()});
}
