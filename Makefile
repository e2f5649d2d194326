# The two commands of the README, and what maintainers run besides.

SWIFT ?= swift
BUILD_FLAGS ?=
NAGARE = $(SWIFT) run -c release $(BUILD_FLAGS) --skip-build nagare
DEMO ?= demo

.PHONY: all build demo test lint format compat docs clean dependencies

all: build

# Installs the C libraries and a Swift toolchain check: apt on Debian and Ubuntu, brew on macOS.
dependencies:
	@.ci/dependencies

build: dependencies
	$(SWIFT) build -c release $(BUILD_FLAGS) --product nagare

# Scenes, training, evaluation on scenes never seen, pictures with boxes: about ten minutes on two
# cores, the build included.
demo: build
	@.ci/demo "$$($(SWIFT) build -c release $(BUILD_FLAGS) --show-bin-path)/nagare" $(DEMO)

test: dependencies lint
	$(SWIFT) build -c release $(BUILD_FLAGS) --build-tests -Xswiftc -enable-testing
	$(SWIFT) test -c release $(BUILD_FLAGS) --disable-xctest --skip-build -Xswiftc -enable-testing

lint:
	$(SWIFT) format lint --strict --parallel --recursive Package.swift Sources/Nagare \
	  Sources/NagareCLI Graphs Examples Tests

format:
	$(SWIFT) format --in-place --parallel --recursive Package.swift Sources/Nagare \
	  Sources/NagareCLI Graphs Examples Tests

# Compares with TensorFlow itself, both ways; makes a virtual environment in .venv-compat.
compat: build
	@.ci/compat "$$($(SWIFT) build -c release $(BUILD_FLAGS) --show-bin-path)/nagare"

clean:
	rm -rf .build
