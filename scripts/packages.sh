# Sourced by the scripts beside it: the Debian packages that they need, and how a missing one gets in.
# shellcheck shell=bash disable=SC2034

build_packages=(
    gcc libc6-dev cmake ninja-build pkg-config
    libcivetweb-dev libjpeg62-turbo-dev libjansson-dev libfreetype-dev libv4l-dev libsystemd-dev fonts-dejavu-core
    libavformat-dev libavcodec-dev libavutil-dev libswscale-dev
    libcrypt-dev libsodium-dev libcurl4-openssl-dev libmosquitto-dev libsqlite3-dev libexpat1-dev libssl-dev
    libnats-dev
)
test_packages=(
    libcmocka-dev python3 curl openssl ffmpeg imagemagick libjpeg-turbo-progs libimage-exiftool-perl iproute2
    ca-certificates python3-gi gir1.2-gst-rtsp-server-1.0 python3-aiohttp python3-opencv
    gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad
    gstreamer1.0-plugins-ugly gphoto2 libturbojpeg0-dev python3-paho-mqtt
)
vm_packages=(qemu-system-x86 busybox-static v4l-utils ustreamer gstreamer1.0-libcamera libcamera-ipa make xz-utils)
package_packages=(systemd man-db mandoc bash-completion debootstrap dpkg-dev lintian podman)
browser_packages=(chromium firefox-esr)
fuzz_packages=(clang libclang-rt-dev)
check_packages=(clang clang-format clang-tidy cppcheck shellcheck)
# Node.js often comes from elsewhere than Debian: what is there is used.
command -v node >/dev/null || browser_packages+=(nodejs)
command -v npm >/dev/null || browser_packages+=(npm)

is_installed() {
    [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

# Installs those of the named packages that are missing.
install_packages() {
    local package missing=() as_root=()
    for package in "$@"; do
        is_installed "$package" || missing+=("$package")
    done
    ((${#missing[@]})) || return 0

    if ((EUID != 0)); then
        if ! command -v sudo >/dev/null; then
            echo "$0: these packages are missing: ${missing[*]}" >&2
            echo "$0: install them as root (apt-get install ${missing[*]}), or install sudo, and start again" >&2
            return 1
        fi
        as_root=(sudo)
    fi
    echo "installing ${missing[*]}"
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q update
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 \
        install --no-install-recommends "${missing[@]}"
}

# The libraries that a package needs: their names differ from release to release.
libraries_of() {
    apt-cache depends --important "$1" | sed -n 's/^ *Depends: \(lib[^:]*\)$/\1/p' | grep -v ^libjs-
}

# unpack_program PACKAGE [PROGRAM]: unpacks a program below build/ where it is missing, instead of installing it: the
# service that comes with it must not run here. Its libraries are installed.
unpack_program() {
    local package=$1 program=${2-$1} directory=$PWD/build/$1 libraries
    PATH=$PATH:/usr/sbin command -v "$program" >/dev/null && return
    if ! PATH=$directory/usr/sbin:$directory/usr/bin command -v "$program" >/dev/null; then
        mkdir -p "$directory"
        (cd "$directory" && apt-get -q download "$package" && dpkg --extract "$package"_*.deb .) || return
    fi
    mapfile -t libraries < <(libraries_of "$package")
    install_packages "${libraries[@]}"
}

# Configures and builds a preset; further arguments go to the configuration.
build_preset() {
    local preset=$1
    shift
    cmake --preset "$preset" "$@" >/dev/null && cmake --build --preset "$preset"
}
