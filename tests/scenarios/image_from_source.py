"""The image, compiled inside of Docker from nothing. It takes many minutes, so only `tests/run --all` runs this file."""
from stibium_harness import product
from stibium_harness.node_image import IMAGE


def test_the_image_is_compiled_by_a_normal_user(docker):
    build = ["build", "-f", product.ROOT / "deploy/Dockerfile", *product.build_arguments(IMAGE)]
    product.docker(docker.host, *build, "-t", "stibium:compiled", product.ROOT, timeout=2400)
    assert product.docker(docker.host, "run", "--rm", "--network", "none", "stibium:compiled", "--version").startswith("stibiumd ")
    product.docker(docker.host, *build, "-t", "stibium:build", "--target", "build", product.ROOT)
    assert product.docker(docker.host, "run", "--rm", "--network", "none", "stibium:build", "id", "-un") == "builder\n"
