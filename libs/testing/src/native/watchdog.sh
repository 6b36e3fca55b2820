# Ends what a Node process leaves behind when it dies without a chance to clean up (SIGKILL, out of memory).
# The parent writes one line for each thing it holds; when its end of our stdin closes, the parent is gone.
#   start PID SIGNAL   a process group, and the signal that makes it end cleanly
#   gone PID           it has ended by itself
#   dir PATH           a temporary directory to remove at the end
#   kept PATH          it has been removed, or is to stay
trap '' INT TERM HUP
pids=''
dirs=''
without() { # list item... -> the list without the items that start with $2
  for item in $1; do [ "${item%%:*}" = "$2" ] || printf '%s ' "$item"; done
}
while read -r what value signal; do
  case "$what" in
    start) pids="$pids $value:$signal" ;;
    gone) pids=$(without "$pids" "$value") ;;
    dir) dirs="$dirs $value" ;;
    kept) dirs=$(without "$dirs" "$value") ;;
  esac
done
for item in $pids; do
  kill -s CONT -- "-${item%%:*}"
  kill -s "${item##*:}" -- "-${item%%:*}"
done 2>/dev/null
tries=0
while [ "$tries" -lt 20 ]; do
  alive=''
  for item in $pids; do kill -s 0 -- "-${item%%:*}" 2>/dev/null && alive=yes; done
  [ -n "$alive" ] || break
  sleep 0.1
  tries=$((tries + 1))
done
for item in $pids; do kill -s KILL -- "-${item%%:*}"; done 2>/dev/null
for dir in $dirs; do rm -rf -- "$dir"; done
