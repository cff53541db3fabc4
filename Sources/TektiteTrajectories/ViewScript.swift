import TektiteCore

/// A script for VMD that loads a run and colours it: `vmd -e view.vmd`. It uses documented commands of VMD's Tcl only, and needs no package.
public enum ViewScript {
  /// The name of the file in a run directory.
  public static let fileName = "view.vmd"

  /// The script of a run.
  /// - Parameters:
  ///   - table: the kinds of atoms, as the topology has them.
  ///   - trajectories: files of AMBER NetCDF beside the script.
  ///   - fields: files of extended XYZ beside it that have a number for each atom, and the name of the column.
  public static func text(
    _ table: [Species], units: Units, trajectories: [String], fields: [(file: String, column: String)]
  ) -> String {
    let names = TopologyPDB.names(of: table)
    // Radii of half a nearest distance: spheres that nearly touch.
    let radius = units == .lj ? "0.4" : "0.8"
    var text = """
      # Loads this run into VMD: vmd -e \(fileName)
      # Atoms are coloured by species. 'tektite_field FILE COLUMN' loads a file of extended XYZ with a number for each atom, puts that column into the
      # 'user' field of its frames, and colours by it.
      set tektite_folder [file dirname [info script]]

      proc tektite_species {molecule} {
        while {[molinfo $molecule get numreps] > 0} { mol delrep 0 $molecule }

      """
    for (index, name) in names.enumerated() {
      // Colours 0 to 15 of VMD without black and white, in an order that tells neighbours apart.
      let color = [0, 1, 3, 7, 4, 10, 11, 9, 12, 13, 5, 15, 14, 2][index % 14]
      text += "  mol representation VDW \(radius) 16\n  mol color ColorID \(color)\n"
      text += "  mol selection {name \"\(name)\"}\n  mol addrep $molecule\n"
    }
    text += """
      }

      # Reads the values of a column of extended XYZ, a list for each frame.
      proc tektite_read {path column} {
        set channel [open $path r]
        set frames {}
        while {[gets $channel line] >= 0} {
          if {[string trim $line] eq ""} { continue }
          set count [string trim $line]
          gets $channel comment
          if {![regexp {Properties="?([^ "]+)"?} $comment whole properties]} { error "$path: no Properties in a comment line" }
          set place -1
          set offset 0
          foreach {name kind width} [split $properties ":"] {
            if {$name eq $column} { set place $offset }
            incr offset $width
          }
          if {$place < 0} { error "$path has no column $column; it has $properties" }
          set values {}
          for {set i 0} {$i < $count} {incr i} {
            gets $channel line
            lappend values [lindex [regexp -all -inline {\\S+} $line] $place]
          }
          lappend frames $values
        }
        close $channel
        return $frames
      }

      # Loads such a file as a molecule of its own, coloured by the column.
      proc tektite_field {file column} {
        global tektite_folder
        set path [file join $tektite_folder $file]
        set molecule [mol new $path type xyz waitfor all]
        mol rename $molecule "$column of $file"
        set atoms [atomselect $molecule all]
        set frame 0
        set low ""
        set high ""
        foreach values [tektite_read $path $column] {
          $atoms frame $frame
          $atoms set user $values
          foreach value $values {
            if {$low eq "" || $value < $low} { set low $value }
            if {$high eq "" || $value > $high} { set high $value }
          }
          incr frame
        }
        $atoms delete
        while {[molinfo $molecule get numreps] > 0} { mol delrep 0 $molecule }
        mol representation VDW \(radius) 16
        mol color User
        mol selection all
        mol addrep $molecule
        mol colupdate 0 $molecule on
        if {$low ne "" && $high > $low} { mol scaleminmax $molecule 0 $low $high }
        return $molecule
      }

      set tektite_molecule [mol new [file join $tektite_folder \(TopologyPDB.fileName)] type pdb waitfor all]
      tektite_species $tektite_molecule

      """
    for (index, trajectory) in trajectories.enumerated() {
      if index == 0 {
        text += "# The topology's own frame is that of the start; it makes room for the trajectory.\n"
      } else {
        text += "# Each further trajectory is a molecule of its own.\n"
        text +=
          "set tektite_molecule [mol new [file join $tektite_folder \(TopologyPDB.fileName)] type pdb waitfor all]\n"
        text += "tektite_species $tektite_molecule\n"
      }
      text += "set tektite_path [file join $tektite_folder \(braced(trajectory))]\n"
      text += "if {[file exists $tektite_path]} {\n  animate delete all $tektite_molecule\n"
      text += "  mol addfile $tektite_path type netcdf waitfor all molid $tektite_molecule\n"
      text += "  mol rename $tektite_molecule \(braced(trajectory))\n}\n"
    }
    for field in fields {
      text +=
        "if {[file exists [file join $tektite_folder \(braced(field.file))]]} { tektite_field \(braced(field.file)) \(braced(field.column)) }\n"
    }
    return text
  }

  /// A word of Tcl that stands for itself. Names of files hold no control characters; braces and backslashes are the only ones that mean anything within braces.
  private static func braced(_ word: String) -> String {
    if word.contains(where: { "{}\\".contains($0) }) {
      return "\"" + word.map { "{}\\[]$\"".contains($0) ? "\\\($0)" : "\($0)" }.joined() + "\""
    }
    return "{\(word)}"
  }
}
