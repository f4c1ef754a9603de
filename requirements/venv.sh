#!/bin/sh
# Makes the virtual environment DIR with the first Python that is new enough, or says in one line what to install.
# usage: venv.sh DIR        (PYTHON=/path/to/python overrides the choice)
set -eu
dir=$1
fits='import sys; sys.exit(sys.version_info < (3, 11))'
lacking=
for python in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
    "$python" -c "$fits" 2>/dev/null || continue
    if "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        trap 'rm -rf "$dir"' EXIT
        trap 'exit 130' INT TERM
        "$python" -m venv --clear "$dir"
        trap - EXIT
        exit 0
    fi
    lacking=${lacking:-$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')}
done
if [ -n "$lacking" ]; then
    echo "The Debian package $lacking is missing; install it with: sudo apt-get install $lacking" >&2
elif command -v "${PYTHON:-python3}" >/dev/null 2>&1; then
    echo "${PYTHON:-python3} is $("${PYTHON:-python3}" -V 2>&1 | tail -n 1), 3.11 or newer is needed; install it with: sudo apt-get install python3.11 python3.11-venv" >&2
else
    echo "${PYTHON:-python3} is missing; install it with: sudo apt-get install python3 python3-venv" >&2
fi
exit 1
