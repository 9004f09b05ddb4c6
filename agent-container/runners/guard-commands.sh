#!/bin/bash
# Sourced by the runners that have a list of allowed commands: puts the guarded ones first, for login shells too.
export PATH=/opt/nightcrier/guard:$PATH
echo "PATH=/opt/nightcrier/guard:\$PATH" >"$HOME/.bash_profile"
