# SPDX-License-Identifier: BSD-3-Clause
# For the scripts that run suites of tests: $results, of the caller, is where these leave what they
# found, and $root is the tree. $calm, if set, is the command that runs suites at a lower priority.
# shellcheck shell=sh disable=SC2154

section()
{
	echo
	echo "== $*"
}

# Run a suite and note its exit status for scripts/summarise. suite NAME COMMAND...
suite()
{
	suite=$1
	shift
	${calm-} "$@"
	echo $? >"$results/$suite.status"
}

# The tests of a build that meson has. meson_suite NAME BUILD [OPTION...]
meson_suite()
{
	name=$1
	logs=$2/meson-logs
	shift
	rm -f "$logs/testlog.json" "$logs/testlog.junit.xml"
	suite "$name" meson test --print-errorlogs -C "$@"
	cp "$logs/testlog.json" "$results/$name.json"
	cp "$logs/testlog.junit.xml" "$results/$name.xml"
}

# pytest_suite NAME BUILD PATH... [OPTION...]
pytest_suite()
{
	name=$1
	GLB_BUILD=$root/$2
	export GLB_BUILD
	shift 2
	# a shell's background jobs ignore Ctrl-C, and would leave their namespaces behind
	suite "$name" env --default-signal=INT \
		/usr/bin/python3 -m pytest -q -p no:cacheprovider -rs --junitxml="$results/$name.xml" "$@"
}
