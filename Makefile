# On a fresh Debian 12 with the Swift 6.3 toolchain: `make run` and `make test`. What they install is listed in .ci/packages.
.PHONY: run test build bench faults soak security mutations fuzz api-record lint format clean

run: build
	exec .build/release/bursar demo

build:
	.ci/install run
	swift build -c release --static-swift-stdlib --product bursar

test:
	.ci/install test
	.ci/test

# Prints figures; never fails on a time.
bench: build
	.ci/install bench
	python3 Tests/Benchmarks/bench.py --binary .build/release/bursar
	python3 Tests/Benchmarks/entitlement.py --binary .build/release/bursar
	python3 Tests/Benchmarks/neighbour.py --binary .build/release/bursar
	python3 Tests/Benchmarks/pages.py --binary .build/release/bursar || true

faults: build
	python3 Tests/Faults/faults.py --kills 100 --binary .build/release/bursar
	python3 Tests/Faults/clock.py --kills 8 --accounts 100 --binary .build/release/bursar

# An hour of mixed load: what the server holds must not grow (`python3 Tests/Faults/soak.py --minutes 10` for less).
soak: build
	python3 Tests/Faults/soak.py --minutes 60 --binary .build/release/bursar

# Attacks a running demo from outside, check by check, and runs the suites about isolation and roles (Tests/Security/README.md).
security:
	.ci/install test
	swift build --product bursar
	.venv/bin/python Tests/Security/security.py --suites

# Requests of every kind against every operation of a demo, with every check that schemathesis has.
fuzz:
	.ci/install fuzz
	swift build --product bursar
	.venv/bin/python Tests/API/fuzz.py

# Writes anew what /docs/api shows of real answers: examples (Web/api/examples.json), and the codes that all tests see refused (Web/api/refusals.json).
api-record:
	BURSAR_RECORD=1 BURSAR_REFUSALS=$(CURDIR)/.build/refusals.txt swift test
	python3 Tests/API/refusals.py .build/refusals.txt

# Puts faults into a database and into copies of the program, one by one, and demands that a test sees each. Slow.
mutations: build
	.ci/install test
	.venv/bin/python Tests/Security/mutations.py --binary .build/release/bursar

lint:
	swift format lint --strict --parallel -r -p Package.swift Sources Tests

format:
	swift format -i -r Package.swift Sources Tests

# Stops nothing and deletes no data: the demo's own folder stays (`bursar demo --reset` starts it anew).
clean:
	rm -rf .build .venv
