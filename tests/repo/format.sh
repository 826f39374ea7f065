#!/bin/sh
# Every source file is as clang-format leaves it. Without clang-format this fails: unchecked is not well-formed.
cd "$(dirname "$0")/../.." && exec ./dev format --check
