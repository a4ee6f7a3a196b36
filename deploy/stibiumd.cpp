#include "deploy/service.hpp"

using namespace stibium::deploy;

int main(int argc, char** argv) { return run_service(argc, argv, {embedded_runtime(), containerlab_runtime()}); }
