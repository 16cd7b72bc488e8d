# SPDX-License-Identifier: BSD-3-Clause
# For the scripts in sh, which source this first: --help and -h print the lines on top of the
# script, --version prints that of the tree.
# shellcheck shell=sh
case ${1-} in
-h | --help)
	sed -n '3,${/^#/!q;s/^# \{0,1\}//p;}' "$0"
	exit 0
	;;
--version)
	sed -n "s/^ *version: '\(.*\)',\$/glb \1/p" "$(dirname "$(readlink -f "$0")")/../meson.build"
	exit 0
	;;
esac

# Refuses the first word that is no option of a script. OPTIONS that are empty refuse any word, "-"
# stands for none but takes other words.
# expect_words OPTIONS WORD...
expect_words()
{
	expected=$1
	shift
	for word; do
		case $word in
		-*) ;;
		*) [ -z "$expected" ] || continue ;;
		esac
		case " $expected " in
		*" ${word%%=*} "*) ;;
		*)
			echo "${0##*/}: no option \"$word\"; see $0 --help" >&2
			exit 2
			;;
		esac
	done
}
