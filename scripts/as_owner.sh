# Sourced by the scripts here, which set `root` to the checkout.
#
# Through sudo, a script must not leave files of root's in a user's checkout. `as_owner COMMAND…` runs a command as the
# checkout's owner when we are root and the owner is another user; otherwise as ourselves.

checkout_owner() { stat -c %U "$root"; }

other_owner() { [ "$(id -u)" = 0 ] && [ "$(checkout_owner)" != root ] && [ "$(checkout_owner)" != UNKNOWN ]; }

as_owner() {
  if ! other_owner; then
    "$@"
    return
  fi
  local owner home
  owner="$(checkout_owner)"
  home="$(getent passwd "$owner" | cut -d: -f6)"
  runuser -u "$owner" -- env HOME="$home" USER="$owner" "$@"
}
