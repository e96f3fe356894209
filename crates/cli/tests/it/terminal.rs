//! A person at a terminal: the program runs in a pseudo-terminal, is typed at, and what is on the
//! screen in the end is told as text.
//!
//! The pseudo-terminal is the system's own (`/dev/ptmx`), so that the tests need nothing installed.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use rustix::ioctl::{Getter, Opcode, Setter, ioctl, opcode};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// Pieces of output that wait to be read; the program waits when there are more.
const PIECES_MAX: usize = 64;

/// Number of the terminal, and whether it is locked (`linux/tty.h`).
const NUMBER: Opcode = opcode::read::<u32>(b'T', 0x30);
const LOCK: Opcode = opcode::write::<i32>(b'T', 0x31);
/// Settings, as the kernel keeps them: four words of flags, then characters.
const SETTINGS: Opcode = 0x5401;
const LOCAL_FLAGS: usize = 3;
const ECHO: u32 = 0o10;

/// A program at a terminal of its own.
pub(crate) struct Session {
    keyboard: File,
    screen: Receiver<Vec<u8>>,
    program: Child,
    seen: Vec<u8>,
}

impl Session {
    /// Starts `command` at a new terminal.
    pub(crate) fn start(mut command: Command) -> Self {
        let (keyboard, terminal) = open();
        let copy = || terminal.try_clone().expect("a file can be opened twice");
        command.stdin(copy()).stdout(copy()).stderr(copy());
        let program = command.spawn().expect("it can be run");
        // The terminal ends when nobody has it open any more.
        drop((command, terminal));
        let mut reader = keyboard.try_clone().expect("a file can be opened twice");
        let (sender, screen) = sync_channel(PIECES_MAX);
        std::thread::spawn(move || {
            let mut piece = vec![0; 4096];
            // Reading fails when the program has ended.
            while let Ok(count @ 1..) = reader.read(&mut piece) {
                if sender.send(piece[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self {
            keyboard,
            screen,
            program,
            seen: Vec::new(),
        }
    }

    /// Types a line once the program asks with `prompt`; `is_secret` when it must not be echoed.
    pub(crate) fn answer(&mut self, prompt: &str, line: &str, is_secret: bool) {
        let from = self.seen.len();
        let asked = |seen: &[u8]| String::from_utf8_lossy(&seen[from..]).contains(prompt);
        let started = Instant::now();
        while !asked(&self.seen) {
            assert!(
                self.read(),
                "it ended without asking {prompt:?}: {}",
                self.text()
            );
        }
        // What was typed before the echo was turned off would be thrown away.
        while is_secret && self.echoes() {
            assert!(started.elapsed() < PATIENCE, "it echoes what is secret");
            std::thread::sleep(Duration::from_millis(5));
        }
        writeln!(self.keyboard, "{line}").expect("it has a terminal");
    }

    fn echoes(&self) -> bool {
        // SAFETY: the kernel writes 36 bytes of settings, and has room for 60.
        let settings =
            unsafe { ioctl(self.keyboard.as_fd(), Getter::<SETTINGS, [u32; 15]>::new()) };
        settings.expect("it is a terminal")[LOCAL_FLAGS] & ECHO != 0
    }

    /// Waits for more output; `false` when there is no more.
    fn read(&mut self) -> bool {
        match self.screen.recv_timeout(PATIENCE) {
            Ok(piece) => {
                self.seen.extend(piece);
                true
            }
            Err(RecvTimeoutError::Disconnected) => false,
            Err(RecvTimeoutError::Timeout) => {
                let _ = self.program.kill();
                panic!("nothing happens any more: {}", self.text())
            }
        }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.seen).into_owned()
    }

    /// Waits for the end; what is on the screen, and the exit code.
    pub(crate) fn finish(mut self) -> (String, i32) {
        while self.read() {}
        let status = self.program.wait().expect("it is ours");
        let code = status.code().expect("it ended by itself");
        (on_screen(&self.text()), code)
    }
}

/// Both ends of a new terminal: ours, and the program's.
fn open() -> (File, File) {
    let both = |path: &str| OpenOptions::new().read(true).write(true).open(path);
    let ours = both("/dev/ptmx").expect("the system has terminals");
    // SAFETY: these take a pointer to a number, and give one, of the sizes in their codes.
    let number = unsafe {
        ioctl(ours.as_fd(), Setter::<LOCK, i32>::new(0)).expect("it is new");
        ioctl(ours.as_fd(), Getter::<NUMBER, u32>::new()).expect("it has a number")
    };
    let program = both(&format!("/dev/pts/{number}")).expect("it is unlocked");
    (ours, program)
}

/// What a person sees of what was written: lines that were replaced are gone.
fn on_screen(written: &str) -> String {
    let mut lines = Vec::new();
    for line in written.replace("\r\n", "\n").split('\n') {
        let replaced = line.rsplit("\r\u{1b}[2K").next();
        lines.push(replaced.unwrap_or_default().trim_end().to_owned());
    }
    lines.join("\n").trim_end().to_owned()
}

#[test]
fn what_was_replaced_is_not_on_the_screen() {
    let written = "one\r\n\r\u{1b}[2Kwait\r\u{1b}[2Ktwo \r\n";
    assert_eq!(on_screen(written), "one\ntwo");
}
