# Runs a Redis server with the settings in the folder "$1", until this shell's standard input ends.
# The other end of that input is held by the program that wants the server, and by nobody else.
# So the server ends with that program, in whatever way it ends; even SIGKILL closes what it held.

# Ctrl-C goes to all processes of a terminal; this one must still clean up.
trap '' HUP INT TERM
redis-server "$1/redis.conf" </dev/null 2>&1 &
server=$!
# Now only the server can write, so its reader sees an end when the server ends.
exec >&- 2>&-
read -r word
kill -KILL "$server"
wait "$server"
# An orderly stop keeps the folder, so that the server can start again.
[ "$word" = keep ] || rm -rf "$1"
