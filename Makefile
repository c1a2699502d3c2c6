EXTENSION = asset_reuse
EXTVERSION = 1.0

MODULE_big = asset_reuse
DATA = sql/$(EXTENSION)--$(EXTVERSION).sql
DOCS = $(wildcard doc/*.md)
OBJS = $(patsubst %.c,%.o,$(wildcard src/*.c))
# PostgreSQL's own headers have unused parameters, which -Wextra would report.
PG_CFLAGS = -Wno-unused-parameter

REGRESS = $(patsubst test/sql/%.sql,%,$(wildcard test/sql/*.sql))
REGRESS_OPTS = --inputdir=test --load-extension=$(EXTENSION)
ISOLATION = $(patsubst test/specs/%.spec,%,$(wildcard test/specs/*.spec))
ISOLATION_OPTS = --inputdir=test --outputdir=. --load-extension=$(EXTENSION)
TAP_TESTS = 1
PROVE_TESTS = test/t/*.pl

# These bring all they need, and run before there is a pg_config.
STANDALONE = app app-stop bench citus clients coverage deb demo demo-stop fuzz lint matrix newcomer sanitize soak sqlsmith test test-app valgrind

ifneq ($(filter-out $(STANDALONE),$(or $(MAKECMDGOALS),all)),)
PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
ifeq ($(and $(wildcard $(PGXS)),$(wildcard $(shell $(PG_CONFIG) --includedir-server)/postgres.h)),)
$(error $(PG_CONFIG) has no server headers: install PostgreSQL's development files or set PG_CONFIG)
endif
include $(PGXS)

# A folder of its own: other extensions have a reference.md, too.  And PGXS forgets, when it uninstalls
# documents, that it has installed them without their folder here.
docmoduledir := extension/$(EXTENSION)
uninstall: uninstall-docs
.PHONY: uninstall-docs
uninstall-docs:
	rm -f $(addprefix '$(DESTDIR)$(docdir)/$(docmoduledir)'/, $(notdir $(DOCS)))

# Before PostgreSQL 16, all our functions are visible to the dynamic linker, and a library that
# the server has loaded, with a function of the same name, would win over ours.
ifeq ($(PORTNAME), linux)
SHLIB_LINK += -Wl,-Bsymbolic
endif

# pgxs tracks no header dependencies.
$(OBJS): $(wildcard src/*.h)
endif

.PHONY: $(STANDALONE)

# FILE=events.csv tracks a list of events instead of playing the walk through.
demo:
	@examples/demo/demo $(if $(FILE),track "$$FILE",play)

demo-stop:
	@examples/demo/demo stop

# PORT=8421 chooses the port.
app:
	@examples/app/app start

app-stop:
	@examples/app/app stop

# Debian's packages, for servers without a compiler.  CHECK=1 tries one on such a server.
deb:
	@packaging/build
	@$(if $(CHECK),packaging/check)

test:
	@test/run

# The application's: its API's and its pages'.
test-app:
	@examples/app/test

# A million calls of each function in one backend: in three states, twice each.
soak:
	@SUITES=tap TAP=test/t/007_memory.pl CALLS=170000 test/run

# CLIENTS="psycopg_client.py" chooses.
clients:
	@SUITES=clients CLIENTS="$(CLIENTS)" test/run

lint:
	@test/lint

# TESTS="track history" chooses.
valgrind:
	@test/valgrind $(TESTS)

# TESTS="track history" chooses.
sanitize:
	@test/sanitize $(TESTS)

# TENANTS=20000 simulates more, SEED=1 others.
coverage:
	@test/coverage/run $(or $(TENANTS),4000) $(or $(SEED),2026)

# ONLY="15 17" chooses versions.
matrix:
	@test/matrix

# ONLY="server cluster" chooses cases, RELEASES="trixie" releases.
newcomer:
	@test/newcomer

# MINUTES=60 looks for longer.
fuzz:
	@test/fuzz/run $$(($(or $(MINUTES),5) * 60))

# QUERIES=100000 sends more, SEED=2 others.
sqlsmith:
	@test/sqlsmith $(or $(QUERIES),10000) $(or $(SEED),1)

# CASES="tenant:uuid:worker" chooses: see test/citus.
citus:
	@test/citus $(CASES)

# QUICK=1 makes it small: to see that all works.  SCALE=1 measures 20 million events instead, CITUS=1
# calls on Citus.
bench:
	@$(if $(CITUS),QUICK="$(QUICK)" bench/citus,bench/run $(if $(SCALE),growth )$(if $(QUICK),quick,full))
