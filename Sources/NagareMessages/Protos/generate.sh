#!/bin/sh
# Writes ../*.pb.swift from the .proto files of this folder.
# Needs protoc and, of the swift-protobuf release that Package.swift names, protoc-gen-swift:
#   swift build -c release --product protoc-gen-swift
# either on PATH or named by PROTOC_GEN_SWIFT.
set -eu
cd "$(dirname "$0")"
plugin=${PROTOC_GEN_SWIFT:-$(command -v protoc-gen-swift)}
protoc --plugin=protoc-gen-swift="$plugin" --proto_path=. \
  --swift_opt=Visibility=Package --swift_opt=FileNaming=DropPath --swift_out=.. \
  ./*.proto
