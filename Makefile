# The two commands of the README, and what maintainers run besides.

SWIFT ?= swift
BUILD_FLAGS ?=
# Without debug information a release build is quicker; with Swift's runtime in it, where that can be, a
# program starts sooner.
RELEASE_FLAGS ?= -debug-info-format none $(RUNTIME_FLAG)
RUNTIME_FLAG := $(shell .ci/static-runtime $(SWIFT))
BIN = $(shell $(SWIFT) build -c release $(RELEASE_FLAGS) --show-bin-path)
DEMO ?= demo

.PHONY: all build demo test test-kernels test-arm lint format compat bench-peers bench-kernels \
  docs clean dependencies

all: build

# Installs the C libraries and a Swift toolchain check: apt on Debian and Ubuntu, brew on macOS.
dependencies:
	@.ci/dependencies

build: dependencies
	$(SWIFT) build -c release $(RELEASE_FLAGS) --product nagare

# Scenes, training, evaluation on scenes never seen, pictures with boxes: about ten minutes on two
# cores, the build included.
demo: build
	@.ci/demo "$(BIN)/nagare" $(DEMO)

# C is optimised although Swift is not: the tests train a detector.
test: dependencies lint test-kernels
	$(SWIFT) test --disable-xctest $(BUILD_FLAGS) -Xcc -O2

# The C kernels beside plain loops, without Swift: on this machine, and those for arm64, which an emulator
# runs elsewhere. ARGUMENTS=10 tries ten times as many shapes.
test-kernels:
	$(MAKE) -C Tests/Kernels -j4 check

ifneq ($(filter arm64 aarch64,$(shell uname -m)),)
test-arm: test-kernels
else
test-arm:
	@.ci/dependencies qemu-user gcc-aarch64-linux-gnu libc6-dev-arm64-cross
	$(MAKE) -C Tests/Kernels -j4 check-arm
endif

lint:
	$(SWIFT) format lint --strict --parallel --recursive Package.swift Sources/Nagare \
	  Sources/NagareCLI Graphs Examples Tests

format:
	$(SWIFT) format --in-place --parallel --recursive Package.swift Sources/Nagare \
	  Sources/NagareCLI Graphs Examples Tests

# Compares with TensorFlow itself, both ways; makes a virtual environment in .venv-compat.
compat: build
	@.ci/compat "$(BIN)/nagare"

# Measures beside TensorFlow, PyTorch, ONNX Runtime and OpenVINO and writes the result into Docs; makes
# a virtual environment in .venv-peers. PEERS="--works resnet --rounds 3" measures that alone, PEERS=--list
# tells what there is, and --pictures DIR takes annotated pictures for the input pipeline.
PEERS ?=
bench-peers: build
	$(SWIFT) build -c release $(RELEASE_FLAGS) --product example-networks
	@.ci/bench-peers "$(BIN)/nagare" "$(BIN)/example-networks" $(PEERS)

# Times the kernels beside oneDNN and OpenBLAS, as far as they are installed (Debian: libdnnl-dev,
# libopenblas-dev), and writes the result into Docs. BENCH=--json prints all times, BENCH="--only MobileNet"
# measures some.
BENCH ?=
bench-kernels:
	$(MAKE) -C Tests/Kernels -j4 bench
	@.ci/bench-kernels $(BENCH)

clean:
	rm -rf .build
