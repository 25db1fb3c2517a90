# Every build rule of Siskin; `make help` lists the targets.
#
# The C sources are compiled seven times: to wasm for pages (SIMD128; with relaxed SIMD; each with threads) and for the command
# line's diagnosis (tools), natively for tests, natively with sanitizers. What is missing (Emscripten, Debian packages, npm
# packages) is installed by the rules that need it.
#   BUILD=dir      where intermediate files go; with another name than build, dist/ goes inside it
#   PORT=8080      the demo's port
#   MINUTES=20     how long soak lets libFuzzer run
#   WERROR=-Werror  compiler warnings stop the build

BUILD ?= build
DIST ?= $(if $(filter build,$(BUILD)),dist,$(BUILD)/dist)
PORT ?= 8080
MINUTES ?= 20
WERROR ?=

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-builtin-rules
ifeq ($(filter -j%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 2)
endif
.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDARY:
.DEFAULT_GOAL := all

# The tests find what was built through these.
export SISKIN_BUILD := $(abspath $(BUILD))
export SISKIN_DIST := $(abspath $(DIST))

EMCC := $(BUILD)/emcc
NPM := node_modules/.siskin-installed

# ---- sources ----
SRC := $(sort $(shell find src -name '*.c'))
WEB_SRC := $(wildcard web/*.c)
JS_SRC := $(sort $(shell find js -name '*.js' -o -name '*.ts' 2>/dev/null))
SHRINK := web/shrink.js web/wasm.js
ID_INPUT := $(sort $(shell find src js -type f 2>/dev/null)) $(WEB_SRC) web/bundle.js
C_COMMON := $(sort $(wildcard tests/c/common/*.c))
C_PROGRAMS := $(patsubst tests/%.c,%,$(sort $(wildcard tests/c/*.c)))
FUZZ_PROGRAMS := $(patsubst tests/%.c,%,$(sort $(wildcard tests/fuzz/*.c)))
FORMATTED := $(sort $(shell find src web tests -name '*.[ch]' 2>/dev/null))

# ---- flags ----
# No contraction into fused multiply-adds and no errno from math functions: the same results natively and in wasm.
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wpointer-arith -Wwrite-strings $(WERROR)
C_FLAGS := -std=c11 -Isrc -fno-math-errno -ffp-contract=off $(WARN) -MMD -MP
# Every browser with SIMD has these three as well.
WASM_FLAGS := -msimd128 -mbulk-memory -msign-ext -mnontrapping-fptoint -fvisibility=hidden -DNDEBUG
# Download size counts: only the kernels in which predictions spend their time are compiled for speed.
HOT := $(addprefix src/kernels/,gemm.c dwconv.c winograd.c winograd_weights.c patches.c gather8.c gemm8.c finish8.c dwconv8.c)
# Outside of the kernels nothing is inlined that is called twice: calls are what a few hundred nodes need.
opt = $(if $(filter $(HOT),$(1)),-O2 -fno-unroll-loops,-Oz -fmerge-all-constants $(if $(filter-out %_ref.c,$(filter src/kernels/%,$(1))),,-mllvm -inline-threshold=-100))
# The functions to export say so themselves (web/glue.c). Stack first: an overflow traps instead of overwriting data.
# Binaryen once more, by its own word: the lowest 1,024 bytes are the stack's last, where nothing has an address that
# may be folded wrongly before the stack overflows.
# Not --reorder-functions, by how often each is called: web/shrink.js puts alike functions side by side and so saves more.
# -O2 with small libc, not -Oz: Emscripten 3.1.69 then leaves out the last pass over the stack, because it believes
# that another tool follows.
# STANDALONE_WASM knows no threads: those builds are linked with Emscripten's JavaScript, which is thrown away. It does not
# know our two imports; what is really missing fails in the builds without threads.
link_alone := -O2 -lc_optz -sSTANDALONE_WASM -sPURE_WASI -sINITIAL_HEAP=1MB
link_threads := -Oz -sIMPORTED_MEMORY -sDECLARE_ASM_MODULE_EXPORTS=0 -sINITIAL_MEMORY=2MB -sMAXIMUM_MEMORY=4GB \
  -sERROR_ON_UNDEFINED_SYMBOLS=0 -sWARN_ON_UNDEFINED_SYMBOLS=0
link_mode = $(if $(findstring threads,$(1)),$(link_threads),$(link_alone))
LINK_FLAGS := --no-entry -sEXPORTED_FUNCTIONS=[] -sMALLOC=emmalloc -sALLOW_MEMORY_GROWTH -sSTACK_SIZE=256KB -Wl,--stack-first \
  -sBINARYEN_EXTRA_PASSES=--low-memory-unused,-Oz,--flatten,--rereloop,-Oz,--coalesce-locals-learning,-Oz,--reorder-locals,--one-caller-inline-max-function-size=200
SAN_FLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
ARCH_FLAGS := $(if $(filter x86_64,$(shell uname -m)),-march=x86-64-v2)

flags_simd128 := -DSK_RELAXED=0 -DSK_TOOLS=0
flags_relaxed := -DSK_RELAXED=1 -DSK_TOOLS=0 -mrelaxed-simd
flags_tools := -DSK_RELAXED=0 -DSK_TOOLS=1
# With threads: shared memory, which the loader makes (2 MB to begin with), and malloc with locks.
THREADS := -DSK_THREADS=1 -sWASM_WORKERS
flags_simd128-threads := $(flags_simd128) $(THREADS)
flags_relaxed-threads := $(flags_relaxed) $(THREADS)
flags_native := -O2 -g -pthread -DSK_THREADS=1 -DSK_NATIVE=1 -DSK_RELAXED=0 $(ARCH_FLAGS)
flags_asan := -O1 -g -pthread -DSK_THREADS=1 -DSK_NATIVE=1 -DSK_RELAXED=0 $(ARCH_FLAGS) $(SAN_FLAGS)
# libFuzzer comes with clang. An offset to NULL is no error in C23, and clang 19 is strict about it.
flags_fuzzer := -O1 -g -pthread -DSK_LIBFUZZER -DSK_THREADS=1 -DSK_NATIVE=1 -DSK_RELAXED=0 $(ARCH_FLAGS) \
  -fsanitize=fuzzer,address,undefined -fno-sanitize=pointer-overflow -fno-sanitize-recover=all
cc_native := $(CC)
cc_asan := $(CC)
cc_fuzzer := clang-19
ldflags_native :=
ldflags_asan := $(SAN_FLAGS)
ldflags_fuzzer := -fsanitize=fuzzer,address,undefined

WASM_VARIANTS := simd128 relaxed simd128-threads relaxed-threads tools
NATIVE_VARIANTS := native asan fuzzer
WASM := $(WASM_VARIANTS:%=$(DIST)/siskin-%.wasm)
BUNDLES := $(addprefix $(DIST)/,siskin.js worker.js inline.js siskin-inline.global.js compress.js cli.js siskin.d.ts compress.d.ts)

# ---- building ----
.PHONY: all
all: $(WASM) $(BUNDLES) ## build dist/: the wasm builds and the JavaScript bundles (default)

.PHONY: wasm
wasm: $(WASM) ## build only the wasm

.PHONY: FORCE
FORCE:

# Run each time (it takes milliseconds); writes the wrapper only when another Emscripten is to be used.
$(EMCC): FORCE
	@web/toolchain.sh $@

$(NPM): package.json package-lock.json .npmrc
	npm ci --no-progress
	@touch $@

# One id for the wasm and the JavaScript built together: a hash of all they are made from. Written only when changed.
$(BUILD)/build-id: FORCE
	@mkdir -p $(@D)
	@id=$$(cat $(ID_INPUT) | sha256sum | cut -c 1-16); \
	 [ "$$id" = "$$(cat $@ 2>/dev/null || true)" ] || echo $$id >$@

# A source file that is gone must leave the library too.
$(BUILD)/sources: FORCE
	@mkdir -p $(@D)
	@[ '$(SRC)' = "$$(cat $@ 2>/dev/null || true)" ] || echo '$(SRC)' >$@

.PHONY: native-packages test-packages soak-packages
native-packages test-packages soak-packages: %-packages:
	@web/packages.sh $*

# A change of flags rebuilds what was compiled with them.
define FLAGS_RULE
$(BUILD)/$(1)/flags: FORCE
	@mkdir -p $$(@D)
	@flags='$(2)'; [ "$$$$flags" = "$$$$(cat $$@ 2>/dev/null || true)" ] || echo "$$$$flags" >$$@
endef

# wasm_variant(name). What web/ exports needs no prototype: its caller is JavaScript.
define WASM_RULES
$(call FLAGS_RULE,$(1),$(C_FLAGS) $(WASM_FLAGS) $(flags_$(1)) $(link_mode) $(LINK_FLAGS) $(call opt,$(firstword $(HOT))) $(call opt,src/kernels/) $(call opt,))
$(BUILD)/$(1)/%.o: %.c $(EMCC) $(BUILD)/$(1)/flags
	@mkdir -p $$(@D)
	@echo "  emcc $(1) $$<"
	@$(EMCC) $(C_FLAGS) $(WASM_FLAGS) $$(call opt,$$<) $(flags_$(1)) -c $$< -o $$@
$(BUILD)/$(1)/web/%.o: web/%.c $(EMCC) $(BUILD)/$(1)/flags $(BUILD)/build-id
	@mkdir -p $$(@D)
	@echo "  emcc $(1) $$<"
	@$(EMCC) $(C_FLAGS) -Wno-missing-prototypes $(WASM_FLAGS) -Oz $(flags_$(1)) -DSK_BUILD_ID='"'$$$$(cat $(BUILD)/build-id)'"' -c $$< -o $$@
$(DIST)/siskin-$(1).wasm: $(SRC:%.c=$(BUILD)/$(1)/%.o) $(WEB_SRC:%.c=$(BUILD)/$(1)/%.o) $(BUILD)/sources $(if $(findstring tools,$(1)),,$(SHRINK))
	@mkdir -p $$(@D)
	@echo "  link $$@"
	@$(EMCC) $(WASM_FLAGS) $(flags_$(1)) $(link_mode) $(LINK_FLAGS) $$(filter %.o,$$^) -o $(if $(findstring threads,$(1)),$(BUILD)/$(1)/siskin-$(1).js,$$@)
	@$(if $(findstring threads,$(1)),cp $(BUILD)/$(1)/siskin-$(1).wasm $$@)
	@$(if $(findstring tools,$(1)),,node web/shrink.js $$@)
endef

# native_variant(name): the library, and one program a file of tests/c and tests/fuzz; tests/c/common is linked into each.
define NATIVE_RULES
$(call FLAGS_RULE,$(1),$(cc_$(1)) $(C_FLAGS) $(flags_$(1)))
$(BUILD)/$(1)/%.o: %.c $(BUILD)/$(1)/flags | native-packages
	@mkdir -p $$(@D)
	@echo "  cc $(1) $$<"
	@$(cc_$(1)) $(C_FLAGS) $(flags_$(1)) -c $$< -o $$@
$(BUILD)/$(1)/libsiskin.a: $(SRC:%.c=$(BUILD)/$(1)/%.o) $(BUILD)/sources
	@rm -f $$@
	@ar rcs $$@ $$(filter %.o,$$^)
$(BUILD)/$(1)/bin/%: $(BUILD)/$(1)/tests/%.o $(C_COMMON:%.c=$(BUILD)/$(1)/%.o) $(BUILD)/$(1)/libsiskin.a
	@mkdir -p $$(@D)
	@$(cc_$(1)) $(ldflags_$(1)) $$^ -lm -o $$@
endef

# Timing loops around the kernels' own objects, see tests/bench/kernels.c.
define BENCH_RULES
$(BUILD)/bench/kernels-$(1).wasm: $(BUILD)/$(1)/tests/bench/kernels.o $(SRC:%.c=$(BUILD)/$(1)/%.o)
	@mkdir -p $$(@D)
	@$(EMCC) $(WASM_FLAGS) $(flags_$(1)) $(link_alone) $(LINK_FLAGS) $$^ -o $$@
endef

$(foreach v,$(WASM_VARIANTS),$(eval $(call WASM_RULES,$(v))))
BENCH_WASM := $(foreach v,relaxed simd128,$(BUILD)/bench/kernels-$(v).wasm)
$(foreach v,relaxed simd128,$(eval $(call BENCH_RULES,$(v))))
$(foreach v,$(NATIVE_VARIANTS),$(eval $(call NATIVE_RULES,$(v))))

-include $(foreach v,$(WASM_VARIANTS) $(NATIVE_VARIANTS),$(patsubst %.c,$(BUILD)/$(v)/%.d,$(SRC) $(WEB_SRC) \
  $(wildcard tests/c/*.c tests/c/common/*.c tests/fuzz/*.c tests/bench/*.c)))

$(BUNDLES) &: $(JS_SRC) $(WASM) $(BUILD)/build-id web/bundle.js $(NPM)
	@echo "  bundle $(DIST)/*.js"
	@node web/bundle.js $(DIST) $$(cat $(BUILD)/build-id)

NATIVE_BIN := $(C_PROGRAMS:%=$(BUILD)/native/bin/%)
ASAN_BIN := $(foreach p,$(C_PROGRAMS) $(FUZZ_PROGRAMS),$(BUILD)/asan/bin/$(p))

.PHONY: native
native: $(NATIVE_BIN) $(ASAN_BIN) $(patsubst %,$(BUILD)/%/libsiskin.a,native asan) ## build the C tests natively, plain and with ASan + UBSan

# ---- running ----
.PHONY: demo
demo: all ## predict a bundled sample, then serve the demo on 127.0.0.1 (PORT=8080)
	@echo 'models/digits/sample-7.png is a seven; the probabilities of 0 to 9:'
	@node $(DIST)/cli.js run models/digits/digits-int8.onnx --input image=models/digits/sample-7.png
	@node demo/serve.js --port $(PORT)

# ---- testing ----
.PHONY: test
test: all native test-packages ## run every suite; alone: test-lint -c -asan -js -conformance -models -browser -size
	@node tests/run-suites.js

# One suite alone, building only what it needs.
SUITES := test-lint test-c test-asan test-js test-conformance test-models test-browser test-size
.PHONY: $(SUITES)
test-lint: $(NPM) $(EMCC)
test-c: $(NATIVE_BIN)
test-asan: $(ASAN_BIN) all
test-js test-conformance test-models test-browser test-size: all
test-conformance: $(BUILD)/native/bin/c/operators
$(SUITES): test-packages
	@node tests/run-suites.js $(@:test-%=%)

.PHONY: docs
docs: all $(BUILD)/native/bin/c/operators test-packages ## write docs/operators.md from the op table
	@node tests/operators.js

.PHONY: lint
lint: test-packages $(NPM) $(EMCC) ## format, clang-tidy, include rule, biome, types, file lengths
	@tests/lint/run.sh

.PHONY: format
format: test-packages $(NPM) ## rewrite C and JavaScript in the project's format
	clang-format-19 -i $(FORMATTED)
	node_modules/.bin/biome format --write

BENCH_NPM := tests/bench/node_modules/.siskin-installed
$(BENCH_NPM): tests/bench/package.json tests/bench/package-lock.json
	cd tests/bench && npm ci --no-progress
	@touch $@

.PHONY: bench
bench: all $(BENCH_NPM) test-packages ## time Siskin and its peers in Chromium, ten minutes (BENCH_MODELS=folder BENCH_ARGS=--quick)
	@node tests/bench/run.js --json $(BUILD)/bench.json --write docs/benchmarks.md $(BENCH_ARGS)

.PHONY: bench-kernels
bench-kernels: $(BENCH_WASM) test-packages $(NPM) ## Gop/s of each kernel and shape in Chromium, and whether the choice is the best
	@node tests/bench/kernels.js $(BENCH_ARGS)

.PHONY: size
size: all ## sizes of the wasm and of the loader; fails beyond the limits
	@node tests/lint/size.js

$(BUILD)/fuzzer/flags: | soak-packages
FUZZER_BIN := $(BUILD)/fuzzer/bin/fuzz/fuzz_load

.PHONY: soak
soak: native $(FUZZER_BIN) ## libFuzzer (MINUTES=20), the long versions of the bad-input tests, valgrind (an hour more)
	@SISKIN_MINUTES=$(MINUTES) node tests/run-suites.js --soak

# ---- housekeeping ----
.PHONY: clean
clean: ## remove what was built
	rm -rf $(BUILD) $(DIST)

.PHONY: distclean
distclean: clean ## remove also the npm packages (the cached Emscripten stays)
	rm -rf node_modules tests/bench/node_modules

.PHONY: help
help: ## print this
	@sed -nE 's/^([a-z%-]+):.*## (.*)/\1\t\2/p' Makefile | expand -t 12
